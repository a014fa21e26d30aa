//! What both sides draw: two signals that scroll, a share, and a table of which a quarter changes each frame.
//!
//! Invariant: the same step gives the same data, on every machine.

/// Points of each signal on screen, one a second.
pub const POINTS: usize = 110;
/// Rows of the table.
pub const ROWS: usize = 20;
/// Rows that change from one frame to the next.
pub const ROWS_CHANGING: usize = 5;
/// Heads of the table's columns.
pub const HEADS: [&str; 5] = ["PROCESS", "PID", "CPU %", "MEMORY", "STATE"];
/// Widths of the table's columns.
pub const WIDTHS: [u16; 5] = [40, 16, 16, 24, 24];

/// One state of the board.
#[derive(Clone, Debug)]
pub struct Data {
    /// Seconds gone by; the newest point lies there.
    pub now_s: i64,
    pub signals: [Vec<f64>; 2],
    /// From 0 to 1.
    pub share: f64,
    pub table: Vec<[String; HEADS.len()]>,
    noise: u64,
}

// === impl Data ===

impl Data {
    pub fn new() -> Data {
        let table = (0..ROWS).map(|row| {
            [
                format!("worker-{row:02} --tenant default"),
                format!("{}", 1200 + row * 37),
                String::new(),
                String::new(),
                "running".to_owned(),
            ]
        });
        let mut data = Data {
            now_s: 1_700_000_000,
            signals: [vec![], vec![]],
            share: 0.5,
            table: table.collect(),
            noise: 0x2545_f491_4f6c_dd1d,
        };
        for _ in 0..POINTS.max(ROWS) {
            data.step();
        }
        data
    }

    /// One second later.
    pub fn step(&mut self) {
        self.now_s += 1;
        let t = self.now_s as f64;
        let values = [
            45.0 + 25.0 * (t / 17.0).sin() + 12.0 * (t / 5.0).sin() + 8.0 * self.random(),
            40.0 + 30.0 * (t / 23.0).cos() + 10.0 * self.random(),
        ];
        for (signal, value) in self.signals.iter_mut().zip(values) {
            if signal.len() == POINTS {
                signal.remove(0);
            }
            signal.push(value.clamp(0.0, 100.0));
        }
        self.share = (0.5 + 0.3 * (t / 11.0).sin() + 0.05 * self.random()).clamp(0.0, 1.0);
        for index in 0..ROWS_CHANGING {
            let row = (self.now_s as usize * ROWS_CHANGING + index) % ROWS;
            let (cpu, memory) = (50.0 + 50.0 * self.random(), 512.0 + 500.0 * self.random());
            self.table[row][2] = format!("{cpu:.1}");
            self.table[row][3] = format!("{memory:.1} MiB");
        }
    }

    /// Goes one second on and returns a copy.
    pub fn stepped(&mut self) -> Data {
        self.step();
        self.clone()
    }

    /// From -1 to 1.
    fn random(&mut self) -> f64 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        (self.noise >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
