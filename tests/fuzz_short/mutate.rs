//! Turns valid messages into nearly valid ones, the same ones for the same numbers.

/// A small deterministic generator (xorshift with a multiplied output).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        // Neighbouring seeds must not give neighbouring sequences, and zero would stay zero.
        Random(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound
    }

    pub fn byte(&mut self) -> u8 {
        (self.next() >> 32) as u8
    }
}

/// Longest noise and longest stretch that is copied about.
const STRETCH_BYTES_MAX: usize = 64;
/// Numbers at which decoders go wrong, as they stand in a message.
const NUMBERS: &[&[u8]] = &[
    &[0],
    &[0xff],
    &[0x7f],
    &[0x80],
    &[0xff, 0xff, 0xff, 0x7f],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0, 0, 0, 1],
    b"-1",
    b"65536",
    b"18446744073709551616",
    b"1e999",
    b"null",
    b"\"",
    b"{",
    b"\x1b[",
    b"\x1b]0;x\x07",
    "\u{9b}31m".as_bytes(),
];

/// Bytes of no meaning, some of them mostly escapes.
pub fn noise(random: &mut Random) -> Vec<u8> {
    let length = random.below(STRETCH_BYTES_MAX * 4);
    let alphabet = b"\x1b[]0123456789;?hlmHGK\x9b\xc2\x07\\P_ a\xe4\xb8\xad";
    let from_alphabet = random.below(2) == 0;
    (0..length).map(|_| if from_alphabet { alphabet[random.below(alphabet.len())] } else { random.byte() }).collect()
}

/// One of the messages after one to four changes.
pub fn mutated(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        change(random, &mut data, seeds);
    }
    data
}

fn change(random: &mut Random, data: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = random.below(data.len() + 1);
    let end = (at + random.below(STRETCH_BYTES_MAX)).min(data.len());
    match random.below(8) {
        0 if at < data.len() => data[at] ^= 1 << random.below(8),
        1 if at < data.len() => data[at] = random.byte(),
        2 => data.insert(at, random.byte()),
        3 => drop(data.drain(at..end)),
        4 => data.truncate(at),
        5 => {
            let copy = data[at..end].to_vec();
            let to = random.below(data.len() + 1);
            data.splice(to..to, copy);
        }
        6 => {
            let number = NUMBERS[random.below(NUMBERS.len())];
            let end = (at + random.below(number.len() + 1)).min(data.len());
            data.splice(at..end, number.iter().copied());
        }
        _ => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            data.truncate(at);
            data.extend_from_slice(&other[from..(from + STRETCH_BYTES_MAX * 4).min(other.len())]);
        }
    }
}
