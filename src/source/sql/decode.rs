//! Values as PostgreSQL sends them, in its binary form.
//!
//! Invariant: pure, and total: any bytes become a value or the name of a type that is not understood.

use tokio_postgres::types::{FromSql, Kind, Type};

use super::sheet::Cell;
use crate::base::Wall;

/// Milliseconds from 1970 to 2000, where its times begin.
const EPOCH_MILLIS: i64 = 946_684_800_000;
const DAY_MILLIS: i64 = 86_400_000;
/// Groups of four digits of a number that are looked at: a double holds four of them.
const GROUPS_MAX: usize = 16;

/// The bytes of one value, whatever its type.
#[derive(Debug)]
pub struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Raw<'a>, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

// === impl Raw ===

impl<'a> Raw<'a> {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn cell(&self, kind: &Type) -> Cell<'a> {
        // Types made of others are sent like those.
        let mut plain = kind;
        while let Kind::Domain(inner) = plain.kind() {
            plain = inner;
        }
        self.understood(plain).unwrap_or_else(|| Cell::Other(kind.name().to_owned().into()))
    }

    fn understood(&self, kind: &Type) -> Option<Cell<'a>> {
        let bytes = self.0;
        Some(match *kind {
            Type::BOOL => Cell::Integer(i64::from(*bytes.first()? != 0)),
            Type::INT2 => Cell::Integer(i16::from_be_bytes(bytes.try_into().ok()?).into()),
            Type::INT4 => Cell::Integer(i32::from_be_bytes(bytes.try_into().ok()?).into()),
            Type::INT8 => Cell::Integer(i64::from_be_bytes(bytes.try_into().ok()?)),
            Type::OID => Cell::Integer(u32::from_be_bytes(bytes.try_into().ok()?).into()),
            Type::FLOAT4 => Cell::Number(f32::from_be_bytes(bytes.try_into().ok()?).into()),
            Type::FLOAT8 => Cell::Number(f64::from_be_bytes(bytes.try_into().ok()?)),
            Type::NUMERIC => Cell::Number(numeric(bytes)?),
            Type::TIMESTAMP | Type::TIMESTAMPTZ => {
                let micros = i64::from_be_bytes(bytes.try_into().ok()?);
                // The ends of the range stand for infinity, which is no time.
                if micros == i64::MAX || micros == i64::MIN {
                    return None;
                }
                Cell::Time(Wall(micros.div_euclid(1000) + EPOCH_MILLIS))
            }
            Type::DATE => {
                let days = i32::from_be_bytes(bytes.try_into().ok()?);
                if days == i32::MAX || days == i32::MIN {
                    return None;
                }
                Cell::Time(Wall(i64::from(days) * DAY_MILLIS + EPOCH_MILLIS))
            }
            Type::INTERVAL => interval(bytes)?,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR | Type::UNKNOWN => {
                Cell::Text(String::from_utf8_lossy(bytes))
            }
            _ if matches!(kind.kind(), Kind::Enum(_)) => Cell::Text(String::from_utf8_lossy(bytes)),
            _ => return None,
        })
    }
}

/// Seconds; none where it has months, which differ.
fn interval(bytes: &[u8]) -> Option<Cell<'static>> {
    let micros = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let days = i32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    let months = i32::from_be_bytes(bytes.get(12..16)?.try_into().ok()?);
    (months == 0).then(|| Cell::Number(micros as f64 / 1e6 + f64::from(days) * 86_400.0))
}

/// Groups of four decimal digits, read as a text would be, so that 0.1 is 0.1.
fn numeric(bytes: &[u8]) -> Option<f64> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let groups = usize::from(words.next()?);
    let weight = i64::from(words.next()?.cast_signed());
    let sign = words.next()?;
    words.next()?;
    match sign {
        0xc000 => return Some(f64::NAN),
        0xd000 => return Some(f64::INFINITY),
        0xf000 => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let used = groups.min(GROUPS_MAX);
    let mut text = String::from(if sign == 0x4000 { "-0" } else { "0" });
    for _ in 0..used {
        text.push_str(&format!("{:04}", words.next()?));
    }
    let exponent = (weight - used as i64 + 1) * 4;
    format!("{text}e{exponent}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(kind: Type, bytes: &[u8]) -> Cell<'_> {
        Raw(bytes).cell(&kind)
    }

    fn groups(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_of_every_kind() {
        assert_eq!(cell(Type::BOOL, &[1]), Cell::Integer(1));
        assert_eq!(cell(Type::INT2, &(-2_i16).to_be_bytes()), Cell::Integer(-2));
        assert_eq!(cell(Type::INT8, &i64::MAX.to_be_bytes()), Cell::Integer(i64::MAX));
        assert_eq!(cell(Type::FLOAT4, &0.5_f32.to_be_bytes()), Cell::Number(0.5));
        for (words, value) in [
            (&[0, 0, 0, 0][..], 0.0),
            (&[1, 0xffff, 0, 1, 1000], 0.1),
            (&[2, 0, 0x4000, 2, 12, 3400], -12.34),
            (&[2, 1, 0, 0, 123, 4567], 1_234_567.0),
            (&[1, 2, 0, 0, 5], 5e8),
            (&[0, 0, 0xd000, 0], f64::INFINITY),
        ] {
            assert_eq!(cell(Type::NUMERIC, &groups(words)), Cell::Number(value), "{words:?}");
        }
        assert!(matches!(cell(Type::NUMERIC, &groups(&[0, 0, 0xc000, 0])), Cell::Number(nan) if nan.is_nan()));
    }

    #[test]
    fn times_begin_in_2000_and_infinity_is_none() {
        assert_eq!(cell(Type::TIMESTAMPTZ, &0_i64.to_be_bytes()), Cell::Time(Wall(EPOCH_MILLIS)));
        assert_eq!(cell(Type::DATE, &1_i32.to_be_bytes()), Cell::Time(Wall(EPOCH_MILLIS + DAY_MILLIS)));
        assert_eq!(cell(Type::TIMESTAMP, &i64::MAX.to_be_bytes()), Cell::Other("timestamp".into()));
        let day = [&1_500_000_i64.to_be_bytes()[..], &1_i32.to_be_bytes(), &0_i32.to_be_bytes()].concat();
        assert_eq!(cell(Type::INTERVAL, &day), Cell::Number(86_401.5));
    }

    #[test]
    fn junk_is_named_by_its_type_and_never_panics() {
        for kind in [Type::BOOL, Type::INT4, Type::FLOAT8, Type::NUMERIC, Type::TIMESTAMP, Type::DATE, Type::INTERVAL] {
            assert!(matches!(cell(kind.clone(), &[]), Cell::Other(_)), "{kind}");
        }
        assert!(matches!(cell(Type::NUMERIC, &groups(&[500, 0, 0, 0, 1])), Cell::Other(_)));
        assert_eq!(cell(Type::JSONB, b"\x01{}"), Cell::Other("jsonb".into()));
        assert_eq!(cell(Type::TEXT, b"a\xff"), Cell::Text("a\u{fffd}".into()));
    }
}
