//! The demo shop: orders, items, refunds, returns.

use callwright_model::{ActionKind, Record, Value};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::date::Day;
use crate::faults::Faults;
use crate::in_step::InStep;
use crate::serve::{self, Config, Handle, StartError};
use crate::store::{Business, Call, CallError, money, not_found, record, refused};
use crate::wire::connector::{Description, Method};

/// Starts the shop.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: Config) -> Result<Handle, StartError> {
    serve::start::<Shop>(config).await
}

/// The shop without a server, with its facts of this day (`YYYY-MM-DD`).
///
/// # Errors
/// When that is no date, or there is no memory for a database.
pub fn in_step(date: &str, faults: Faults) -> Result<InStep, StartError> {
    InStep::open::<Shop>(date, faults)
}

struct Shop;

impl Business for Shop {
    const TABLES: &'static [(&'static str, &'static str)] =
        &[("orders", "number"), ("items", "id"), ("refunds", "id"), ("returns", "id"), ("messages", "id")];

    const SCHEMA: &'static str = "
        CREATE TABLE IF NOT EXISTS orders (
          number TEXT PRIMARY KEY, pin TEXT NOT NULL, name TEXT NOT NULL, placed TEXT NOT NULL,
          until TEXT NOT NULL, currency TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS items (
          id TEXT PRIMARY KEY, purchase TEXT NOT NULL REFERENCES orders, name TEXT NOT NULL,
          price INTEGER NOT NULL, returnable INTEGER NOT NULL, state TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS refunds (
          id INTEGER PRIMARY KEY, purchase TEXT NOT NULL, item TEXT NOT NULL, amount INTEGER NOT NULL,
          currency TEXT NOT NULL, state TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS returns (
          id INTEGER PRIMARY KEY, purchase TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS messages (
          id INTEGER PRIMARY KEY, purchase TEXT NOT NULL, about TEXT NOT NULL, channel TEXT NOT NULL
        ) STRICT;";

    fn seed(transaction: &Transaction<'_>, day: Day) -> rusqlite::Result<()> {
        for (number, pin, name, days_ago) in ORDERS {
            let placed = day.plus(-days_ago);
            transaction.execute(
                "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, 'USD')",
                params![number, pin, name, placed.to_string(), placed.plus(RETURN_DAYS).to_string()],
            )?;
        }
        for (id, order, name, price, returnable) in ITEMS {
            transaction.execute(
                "INSERT INTO items VALUES (?1, ?2, ?3, ?4, ?5, 'delivered')",
                params![id, order, name, price, returnable],
            )?;
        }
        Ok(())
    }

    fn known() -> Vec<Vec<(&'static str, &'static str)>> {
        ORDERS.iter().map(|(number, pin, ..)| vec![("order", *number), ("pin", *pin)]).collect()
    }

    fn describe() -> Description {
        use ActionKind::{Read, Write};
        let method = Method::new;
        Description {
            name: "shop".to_owned(),
            methods: vec![
                method(
                    "find_order",
                    "Find an order by its number and PIN",
                    Read,
                    &["order", "pin"],
                    &["number", "name", "placed", "items"],
                ),
                method(
                    "return_policy",
                    "Tell whether an item may be returned",
                    Read,
                    &["order", "item", "reason"],
                    &["accepted", "refund", "until"],
                ),
                method(
                    "refund_payment",
                    "Pay back the price of an item",
                    Write,
                    &["order", "item", "amount"],
                    &["id", "amount"],
                ),
                method("cancel_refund", "Stop a refund", Write, &["order", "refund"], &["id"]),
                method("restock", "Expect an item back", Write, &["order", "item"], &["label", "item"]),
                method(
                    "cancel_restock",
                    "Expect an item back no longer",
                    Write,
                    &["order", "item"],
                    &["item"],
                ),
                method(
                    "send_confirmation",
                    "Send a confirmation",
                    Write,
                    &["order", "about"],
                    &["id", "channel"],
                ),
            ],
        }
    }

    fn call(call: &Call<'_>) -> Result<Record, CallError> {
        match call.method {
            "find_order" => find_order(call),
            "return_policy" => return_policy(call),
            "refund_payment" => refund_payment(call),
            "cancel_refund" => cancel_refund(call),
            "restock" => restock(call),
            "cancel_restock" => cancel_restock(call),
            "send_confirmation" => send_confirmation(call),
            _ => Err(call.unknown()),
        }
    }
}

struct Item {
    id: String,
    name: String,
    price: i64,
    returnable: bool,
    state: String,
    until: String,
    currency: String,
}

fn item(call: &Call<'_>) -> Result<Item, CallError> {
    let item = call
        .transaction
        .query_row(
            "SELECT i.*, o.until, o.currency FROM items i JOIN orders o ON o.number = i.purchase
             WHERE i.id = ?1 AND i.purchase = ?2",
            params![call.text("item")?, call.text("order")?],
            |row| {
                Ok(Item {
                    id: row.get("id")?,
                    name: row.get("name")?,
                    price: row.get("price")?,
                    returnable: row.get("returnable")?,
                    state: row.get("state")?,
                    until: row.get("until")?,
                    currency: row.get("currency")?,
                })
            },
        )
        .optional()?;
    item.ok_or_else(|| not_found("item", "no such item in the order"))
}

fn find_order(call: &Call<'_>) -> Result<Record, CallError> {
    let number = call.text("order")?;
    let order = call
        .transaction
        .query_row("SELECT pin, name, placed, currency FROM orders WHERE number = ?1", [number], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .optional()?;
    let (pin, name, placed, currency) = order.ok_or_else(|| not_found("order", "no such order"))?;
    if pin != call.text("pin")? {
        return Err(not_found("pin", "the PIN is another"));
    }
    let mut statement = call.transaction.prepare(
        "SELECT id, name, price, returnable FROM items WHERE purchase = ?1 AND state = 'delivered' ORDER BY rowid",
    )?;
    let items = statement.query_map([number], |row| {
        Ok(Value::Record(record([
            ("id", Value::Text(row.get(0)?)),
            ("name", Value::Text(row.get(1)?)),
            ("price", money(row.get(2)?, currency.clone())),
            ("returnable", Value::Bool(row.get(3)?)),
        ])))
    })?;
    let items = items.collect::<Result<_, _>>()?;
    Ok(record([
        ("number", Value::Code(number.to_owned())),
        ("name", Value::Text(name)),
        ("placed", Value::Date(placed)),
        ("items", Value::List(items)),
    ]))
}

fn return_policy(call: &Call<'_>) -> Result<Record, CallError> {
    let item = item(call)?;
    let in_time = Day::parse(&item.until).is_some_and(|until| call.day <= until);
    // What came broken or wrong is taken back however late.
    let accepted = item.returnable && (in_time || matches!(call.text("reason")?, "damaged" | "wrong_item"));
    Ok(record([
        ("accepted", Value::Bool(accepted)),
        ("refund", money(item.price, item.currency)),
        ("until", Value::Date(item.until)),
    ]))
}

fn refund_payment(call: &Call<'_>) -> Result<Record, CallError> {
    let item = item(call)?;
    let amount = call.money("amount")?.clone();
    if amount.minor <= 0 || amount.minor > item.price || amount.currency != item.currency {
        return Err(refused("the amount is not what was paid"));
    }
    let paid: i64 = call.transaction.query_row(
        "SELECT COUNT(*) FROM refunds WHERE item = ?1 AND state = 'active'",
        [&item.id],
        |row| row.get(0),
    )?;
    if paid > 0 {
        return Err(refused("the item has been refunded"));
    }
    call.transaction.execute(
        "INSERT INTO refunds (purchase, item, amount, currency, state) VALUES (?1, ?2, ?3, ?4, 'active')",
        params![call.text("order")?, item.id, amount.minor, amount.currency],
    )?;
    let id = call.transaction.last_insert_rowid();
    Ok(record([("id", Value::Text(id.to_string())), ("amount", Value::Money(amount))]))
}

fn cancel_refund(call: &Call<'_>) -> Result<Record, CallError> {
    let (id, order) = (call.text("refund")?, call.text("order")?);
    let changed = call.transaction.execute(
        "UPDATE refunds SET state = 'revoked' WHERE id = CAST(?1 AS INTEGER) AND purchase = ?2",
        params![id, order],
    )?;
    if changed == 0 {
        return Err(not_found("refund", "there is none of that number"));
    }
    Ok(record([("id", Value::Text(id.to_owned()))]))
}

fn restock(call: &Call<'_>) -> Result<Record, CallError> {
    let item = item(call)?;
    if item.state != "delivered" {
        return Err(refused("the item is on its way back already"));
    }
    call.transaction.execute("UPDATE items SET state = 'returning' WHERE id = ?1", [&item.id])?;
    call.transaction.execute(
        "INSERT INTO returns (purchase, item, state) VALUES (?1, ?2, 'expected')",
        params![call.text("order")?, item.id],
    )?;
    let label = format!("RT{:04}", call.transaction.last_insert_rowid());
    Ok(record([("label", Value::Code(label)), ("item", Value::Text(item.name))]))
}

fn cancel_restock(call: &Call<'_>) -> Result<Record, CallError> {
    let item = item(call)?;
    call.transaction.execute("UPDATE items SET state = 'delivered' WHERE id = ?1", [&item.id])?;
    call.transaction.execute("UPDATE returns SET state = 'cancelled' WHERE item = ?1", [&item.id])?;
    Ok(record([("item", Value::Text(item.name))]))
}

fn send_confirmation(call: &Call<'_>) -> Result<Record, CallError> {
    call.transaction.execute(
        "INSERT INTO messages (purchase, about, channel) VALUES (?1, ?2, 'email')",
        params![call.text("order")?, call.text("about")?],
    )?;
    let id = call.transaction.last_insert_rowid();
    Ok(record([("id", Value::Text(id.to_string())), ("channel", Value::from("email"))]))
}

/// How long an item may be returned for any reason.
const RETURN_DAYS: i64 = 30;

/// Number, PIN, name, placed how many days before the demo's day.
const ORDERS: [(&str, &str, &str, i64); 3] = [
    ("804215", "3067", "M. Rivers", 8),
    ("731846", "5521", "T. Okafor", 12),
    ("655090", "8810", "L. Haugen", 75),
];

/// Id, order, name, price in cents, returnable.
const ITEMS: [(&str, &str, &str, i64, bool); 5] = [
    ("headphones-1", "804215", "headphones", 7_990, true),
    ("gift-card-1", "804215", "gift card", 2_500, false),
    ("camera-1", "731846", "camera", 64_900, true),
    ("tripod-1", "731846", "tripod", 4_500, true),
    ("backpack-1", "655090", "backpack", 5_900, true),
];
