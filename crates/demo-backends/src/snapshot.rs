//! A business's data at one moment, for showing what changed.

use std::collections::BTreeMap;

use serde::Serialize;

/// Tables by name, rows by key, columns by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Snapshot {
    /// The tables.
    pub tables: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

impl Snapshot {
    /// What is different from an earlier one, a line for each row, such as
    /// `bookings K7M4X2: flight CW212 -> CW318, seat 14C -> 7A`.
    #[must_use]
    pub fn changes_since(&self, earlier: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let none = BTreeMap::new();
        for (table, rows) in &self.tables {
            let before = earlier.tables.get(table).unwrap_or(&none);
            for (key, row) in rows {
                let changes: Vec<String> = match before.get(key) {
                    None => row.iter().map(|(column, value)| format!("{column} {value}")).collect(),
                    Some(old) => row
                        .iter()
                        .filter_map(|(column, value)| {
                            let was = old.get(column).map_or("nothing", String::as_str);
                            (was != value).then(|| format!("{column} {was} -> {value}"))
                        })
                        .collect(),
                };
                if !changes.is_empty() {
                    let new = if before.contains_key(key) { "" } else { " (new)" };
                    lines.push(format!("{table} {key}{new}: {}", changes.join(", ")));
                }
            }
            for key in before.keys().filter(|key| !rows.contains_key(*key)) {
                lines.push(format!("{table} {key}: gone"));
            }
        }
        lines
    }

    /// One column of one row.
    #[must_use]
    pub fn column(&self, table: &str, key: &str, column: &str) -> Option<&str> {
        Some(self.tables.get(table)?.get(key)?.get(column)?.as_str())
    }

    /// The rows of a table where a column has this value.
    #[must_use]
    pub fn count(&self, table: &str, column: &str, value: &str) -> usize {
        let rows = self.tables.get(table).into_iter().flat_map(BTreeMap::values);
        rows.filter(|row| row.get(column).is_some_and(|v| v == value)).count()
    }
}
