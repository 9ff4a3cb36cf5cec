//! Whether losses come one by one or in bursts, as RFC 3611, appendix A.2 counts them.

/// Follows the packets of a stream in their order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bursts {
    /// Packets since the last loss.
    whole: u64,
    /// Losses since packets were whole for long.
    run: u64,
    /// Steps from packet to packet: 1 is whole in a gap, 4 lost in a gap, 2 whole in a burst, 3 lost in a burst.
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
}

/// Where losses are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BurstSummary {
    /// Share of packets that are missing in bursts, 0 to 1.
    pub burst_density: f32,
    /// Share of packets that are missing between them, 0 to 1.
    pub gap_density: f32,
    /// Mean length of a burst, in packets.
    pub burst_packets: f32,
    /// Mean length of what is between, in packets.
    pub gap_packets: f32,
}

impl Bursts {
    pub(super) fn received(&mut self) {
        self.whole += 1;
    }

    pub(super) fn lost(&mut self) {
        if self.whole >= u64::from(GAP_MIN) {
            if self.run == 1 {
                self.c14 += 1;
            } else {
                self.c13 += 1;
            }
            self.run = 1;
            self.c11 += self.whole;
        } else {
            self.run += 1;
            if self.whole == 0 {
                self.c33 += 1;
            } else {
                self.c23 += 1;
                self.c22 += self.whole - 1;
            }
        }
        self.whole = 0;
    }

    pub(super) fn summary(&self) -> BurstSummary {
        // The packets since the last loss are not counted yet.
        let c11 = self.c11 + self.whole;
        let share = |part: u64, of: u64| part as f32 / of.max(1) as f32;
        let all = c11 + self.c14 + 2 * self.c13 + self.c22 + 2 * self.c23 + self.c33;
        let gap_density = share(self.c14, c11 + self.c14);
        let in_bursts = self.c23 + self.c33;
        match (self.c13, in_bursts) {
            (0, 0) => {
                return BurstSummary { gap_density, gap_packets: all as f32, ..BurstSummary::default() };
            }
            // There was never a gap: all is one burst, for which the appendix has no figures.
            (0, _) => {
                let burst_density = share(in_bursts, all);
                return BurstSummary { burst_density, burst_packets: all as f32, ..BurstSummary::default() };
            }
            (_, _) => {}
        }
        let p32 = share(self.c23, self.c13 + self.c23 + self.c33);
        let p23 = if self.c22 + self.c23 == 0 { 1.0 } else { 1.0 - share(self.c22, self.c22 + self.c23) };
        let gap_packets = share(c11 + self.c14 + self.c13, self.c13);
        BurstSummary {
            burst_density: p23 / (p23 + p32),
            gap_density,
            burst_packets: (share(all, self.c13) - gap_packets).max(0.0),
            gap_packets,
        }
    }
}

/// So many whole packets end a burst (RFC 3611, section 4.7.2 recommends it).
pub const GAP_MIN: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of whole packets (positive) and of lost ones (negative).
    fn of(runs: &[i64]) -> BurstSummary {
        let mut bursts = Bursts::default();
        for &run in runs {
            for _ in 0..run.abs() {
                if run > 0 { bursts.received() } else { bursts.lost() }
            }
        }
        bursts.summary()
    }

    fn near(found: f32, wanted: f32) -> bool {
        (found - wanted).abs() <= 0.02 * wanted.max(0.01)
    }

    #[test]
    fn losses_far_apart_are_no_burst_after_the_first() {
        let found = of(&[100, -1, 99, -1, 99, -1, 99, -1, 99]);
        assert!(near(found.gap_density, 3.0 / 499.0), "{found:?}");
        let whole = of(&[500]);
        assert_eq!((whole.burst_density, whole.gap_density, whole.burst_packets), (0.0, 0.0, 0.0));
        assert_eq!(whole.gap_packets, 500.0);
    }

    #[test]
    fn a_burst_has_its_density_and_its_length() {
        // Each burst: lost, 1 whole, lost, 1 whole, lost; 100 packets apart.
        let runs: Vec<i64> = (0..50).flat_map(|_| [100, -1, 1, -1, 1, -1]).collect();
        let found = of(&runs);
        assert!((0.5..0.7).contains(&found.burst_density), "{found:?}");
        assert!((4.0..6.1).contains(&found.burst_packets), "{found:?}");
        assert!((99.0..102.1).contains(&found.gap_packets), "{found:?}");
        // Ten in a row.
        let runs: Vec<i64> = (0..50).flat_map(|_| [200, -10]).collect();
        let found = of(&runs);
        assert!(found.burst_density > 0.95 && (9.0..11.1).contains(&found.burst_packets), "{found:?}");
    }

    #[test]
    fn losses_without_a_gap_are_one_burst() {
        let runs: Vec<i64> = (0..50).flat_map(|_| [9, -1]).collect();
        let found = of(&runs);
        assert!(near(found.burst_density, 0.1) && near(found.burst_packets, 500.0), "{found:?}");
        assert_eq!((found.gap_density, found.gap_packets), (0.0, 0.0));
    }

    #[test]
    fn nothing_is_no_number_that_is_none() {
        for runs in [&[][..], &[-1], &[-5], &[1, -1], &[16, -1]] {
            let BurstSummary { burst_density, gap_density, burst_packets, gap_packets } = of(runs);
            for figure in [burst_density, gap_density, burst_packets, gap_packets] {
                assert!(figure.is_finite() && figure >= 0.0, "{runs:?}");
            }
            assert!(burst_density <= 1.0 && gap_density <= 1.0, "{runs:?}");
        }
    }
}
