//! Quantities as Kubernetes writes them: `1200m`, `1.5`, `500Mi`, `2Gi`.

use super::number::Number;

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    #[error("it does not start with a number")]
    NoNumber,
    #[error("its unit is none of m, k, M, G, T, Ki, Mi, Gi, Ti")]
    UnknownUnit,
    #[error("it is too large")]
    TooLarge,
}

/// Reads a quantity, in thousandths of one; what is less than that is cut.
pub fn parse_quantity(text: &str) -> Result<u64, QuantityError> {
    let number = Number::before_unit(text).ok_or(QuantityError::NoNumber)?;
    let thousandths: u64 = match number.unit {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        _ => return Err(QuantityError::UnknownUnit),
    };
    number.times(thousandths).ok_or(QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        for (text, expected) in [
            ("0", 0),
            ("1", 1_000),
            ("1200m", 1_200),
            ("1.2", 1_200),
            ("0.0004", 0),
            ("2Gi", (2 * 1_000) << 30),
            ("1.5Gi", 1_500 << 30),
            ("500Mi", (500 * 1_000) << 20),
            ("64Ki", (64 * 1_000) << 10),
            ("129M", 129_000_000_000),
            ("1k", 1_000_000),
            ("1T", 1_000_000_000_000_000),
            ("3G", 3_000_000_000_000),
            ("1Ti", 1_000 << 40),
            (" 7 ", 7_000),
        ] {
            assert_eq!(parse_quantity(text), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("", QuantityError::NoNumber),
            ("-1", QuantityError::NoNumber),
            (".5", QuantityError::NoNumber),
            ("1.2.3", QuantityError::NoNumber),
            ("Gi", QuantityError::NoNumber),
            ("2GB", QuantityError::UnknownUnit),
            ("2gi", QuantityError::UnknownUnit),
            ("2 Gi", QuantityError::UnknownUnit),
            ("1e3", QuantityError::UnknownUnit),
            ("99999999999999999999", QuantityError::TooLarge),
            ("99999999999Ti", QuantityError::TooLarge),
        ] {
            assert_eq!(parse_quantity(text), Err(expected), "{text:?}");
        }
    }
}
