//! Which trunks a number may go by, and how each wants it written.

use super::number::{NumberPattern, without_separators};

/// Numbers that a trunk takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The trunk, by its place in the configuration.
    pub trunk: usize,
    /// Which numbers.
    pub numbers: NumberPattern,
    /// So many characters are taken off the front, the plus counted.
    pub strip: usize,
    /// Then this is put before it.
    pub add: String,
}

/// A way for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The trunk, by its place in the configuration.
    pub trunk: usize,
    /// The number as the trunk wants it.
    pub number: String,
}

/// All routes of all trunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes(pub Vec<Route>);

impl Routes {
    /// The trunks that take a number, in the order in which they are tried: the closest pattern first, among equals as they are
    /// configured, and those that are not `up` after all others. Each trunk comes once, by its closest route.
    #[must_use]
    pub fn ways(&self, number: &str, up: impl Fn(usize) -> bool) -> Vec<Routed> {
        let number = without_separators(number);
        let mut fitting: Vec<(usize, &Route)> =
            self.0.iter().filter_map(|route| Some((route.numbers.fit(&number)?, route))).collect();
        fitting.sort_by_key(|(fit, route)| (!up(route.trunk), std::cmp::Reverse(*fit)));
        let mut ways: Vec<Routed> = Vec::new();
        for (_, route) in fitting {
            if !ways.iter().any(|way| way.trunk == route.trunk) {
                ways.push(Routed { trunk: route.trunk, number: route.rewritten(&number) });
            }
        }
        ways
    }
}

impl Route {
    fn rewritten(&self, number: &str) -> String {
        let rest: String = number.chars().skip(self.strip).collect();
        format!("{}{rest}", self.add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let route = |trunk, numbers: &str, strip, add: &str| Route {
            trunk,
            numbers: numbers.parse().expect("a pattern"),
            strip,
            add: add.to_owned(),
        };
        Routes(vec![
            route(0, "*", 0, ""),
            route(1, "+49*", 3, "0"),
            route(1, "+4930*", 5, ""),
            route(2, "+49*", 1, "00"),
            route(2, "112", 0, ""),
        ])
    }

    #[test]
    fn the_closest_route_comes_first_and_a_trunk_that_is_down_last() {
        let ways = |number: &str, down: &[usize]| -> Vec<String> {
            let ways = routes().ways(number, |trunk| !down.contains(&trunk));
            ways.into_iter().map(|way| format!("{}:{}", way.trunk, way.number)).collect()
        };
        assert_eq!(ways("+49 30 1234", &[]), ["1:1234", "2:0049301234", "0:+49301234"]);
        assert_eq!(ways("+4940567", &[]), ["1:040567", "2:004940567", "0:+4940567"]);
        assert_eq!(ways("+4940567", &[1]), ["2:004940567", "0:+4940567", "1:040567"]);
        assert_eq!(ways("+4940567", &[0, 1, 2]), ["1:040567", "2:004940567", "0:+4940567"]);
        assert_eq!(ways("112", &[]), ["2:112", "0:112"]);
        assert_eq!(ways("+12125550100", &[]), ["0:+12125550100"]);
        assert!(Routes::default().ways("112", |_| true).is_empty());
    }

    #[test]
    fn more_is_stripped_than_there_is_and_nothing_breaks() {
        let route =
            Route { trunk: 0, numbers: "*".parse().expect("a pattern"), strip: 99, add: "0".to_owned() };
        assert_eq!(Routes(vec![route]).ways("112", |_| true)[0].number, "0");
    }
}
