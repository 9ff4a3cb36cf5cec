//! The demo airline: flights, seats, bookings, credits, refunds.

use callwright_model::{ActionKind, Record, Value};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::date::Day;
use crate::faults::Faults;
use crate::in_step::InStep;
use crate::serve::{self, Config, Handle, StartError};
use crate::store::{Business, Call, CallError, money, not_found, record, refused};
use crate::wire::connector::{Description, Method};

/// Starts the airline.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: Config) -> Result<Handle, StartError> {
    serve::start::<Airline>(config).await
}

/// The airline without a server, with its facts of this day (`YYYY-MM-DD`).
///
/// # Errors
/// When that is no date, or there is no memory for a database.
pub fn in_step(date: &str, faults: Faults) -> Result<InStep, StartError> {
    InStep::open::<Airline>(date, faults)
}

struct Airline;

impl Business for Airline {
    const TABLES: &'static [(&'static str, &'static str)] = &[
        ("bookings", "code"),
        ("seats", "flight+number"),
        ("credits", "id"),
        ("refunds", "id"),
        ("messages", "id"),
    ];

    const SCHEMA: &'static str = "
        CREATE TABLE IF NOT EXISTS flights (
          id TEXT PRIMARY KEY, number TEXT NOT NULL, origin TEXT NOT NULL, destination TEXT NOT NULL,
          departs TEXT NOT NULL, expected TEXT NOT NULL, status TEXT NOT NULL, gate TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS seats (
          flight TEXT NOT NULL REFERENCES flights, number TEXT NOT NULL, booking TEXT,
          PRIMARY KEY (flight, number)
        ) STRICT;
        CREATE TABLE IF NOT EXISTS bookings (
          code TEXT PRIMARY KEY, pin TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
          flight TEXT NOT NULL REFERENCES flights, seat TEXT NOT NULL,
          fare INTEGER NOT NULL, credit_due INTEGER NOT NULL, currency TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS credits (
          id INTEGER PRIMARY KEY, booking TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
          state TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS refunds (
          id INTEGER PRIMARY KEY, booking TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
          state TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS messages (
          id INTEGER PRIMARY KEY, booking TEXT NOT NULL, about TEXT NOT NULL, channel TEXT NOT NULL
        ) STRICT;";

    fn seed(transaction: &Transaction<'_>, day: Day) -> rusqlite::Result<()> {
        for (number, origin, destination, departs, expected, status, gate) in FLIGHTS {
            let id = format!("{number}-{day}");
            transaction.execute(
                "INSERT INTO flights VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    id,
                    number,
                    origin,
                    destination,
                    format!("{day}T{departs}"),
                    format!("{day}T{expected}"),
                    status,
                    gate
                ],
            )?;
            for seat in SEATS {
                transaction.execute("INSERT INTO seats VALUES (?1, ?2, NULL)", params![id, seat])?;
            }
        }
        for (code, pin, name, number, seat, fare, credit) in BOOKINGS {
            let flight = format!("{number}-{day}");
            transaction.execute(
                "INSERT INTO bookings VALUES (?1, ?2, ?3, 'confirmed', ?4, ?5, ?6, ?7, 'USD')",
                params![code, pin, name, flight, seat, fare, credit],
            )?;
            transaction.execute(
                "UPDATE seats SET booking = ?1 WHERE flight = ?2 AND number = ?3",
                params![code, flight, seat],
            )?;
        }
        Ok(())
    }

    fn known() -> Vec<Vec<(&'static str, &'static str)>> {
        let flight = |number: &'static str| ("flight", number.trim_start_matches(CARRIER));
        let bookings = BOOKINGS.iter().map(|(code, pin, ..)| vec![("code", *code), ("pin", *pin)]);
        bookings.chain(FLIGHTS.iter().map(|(number, ..)| vec![flight(number)])).collect()
    }

    fn describe() -> Description {
        use ActionKind::{Read, Write};
        let method = Method::new;
        Description {
            name: "airline".to_owned(),
            methods: vec![
                method(
                    "find_booking",
                    "Find a booking by its code and PIN",
                    Read,
                    &["code", "pin"],
                    &["code", "name", "status", "flight", "seat", "fare"],
                ),
                method(
                    "find_flights",
                    "Find other flights for a booking",
                    Read,
                    &["booking"],
                    &["flights", "credit"],
                ),
                method(
                    "flight_status",
                    "Tell how a flight is doing",
                    Read,
                    &["number"],
                    &["number", "state", "from", "to", "departs", "expected", "gate"],
                ),
                method("cancellation_terms", "Tell what is refunded", Read, &["booking"], &["refund"]),
                method("assign_seat", "Take a seat", Write, &["flight", "booking"], &["number", "flight"]),
                method(
                    "release_seat",
                    "Give a seat back",
                    Write,
                    &["flight", "booking", "seat"],
                    &["number"],
                ),
                method(
                    "apply_credit",
                    "Give a travel credit",
                    Write,
                    &["booking", "amount"],
                    &["id", "amount"],
                ),
                method("revoke_credit", "Take a travel credit back", Write, &["booking", "credit"], &["id"]),
                method(
                    "update_booking",
                    "Move a booking",
                    Write,
                    &["booking", "flight", "seat"],
                    &["code", "flight", "departs", "seat", "previous_flight", "previous_seat"],
                ),
                method(
                    "restore_booking",
                    "Move a booking back",
                    Write,
                    &["booking", "flight", "seat"],
                    &["code"],
                ),
                method("cancel_booking", "Cancel a booking", Write, &["booking"], &["code", "flight"]),
                method("reinstate_booking", "Make a booking valid again", Write, &["booking"], &["code"]),
                method("refund_fare", "Pay a fare back", Write, &["booking", "amount"], &["id", "amount"]),
                method("revoke_refund", "Stop a refund", Write, &["booking", "refund"], &["id"]),
                method(
                    "send_confirmation",
                    "Send a confirmation",
                    Write,
                    &["booking", "about"],
                    &["id", "channel"],
                ),
            ],
        }
    }

    fn call(call: &Call<'_>) -> Result<Record, CallError> {
        match call.method {
            "find_booking" => find_booking(call),
            "find_flights" => find_flights(call),
            "flight_status" => flight_status(call),
            "cancellation_terms" => {
                let booking = booking(call)?;
                Ok(record([("refund", money(booking.fare, booking.currency))]))
            }
            "assign_seat" => assign_seat(call),
            "release_seat" => release_seat(call),
            "apply_credit" => pay(call, "credits"),
            "refund_fare" => pay(call, "refunds"),
            "revoke_credit" => revoke(call, "credits", "credit"),
            "revoke_refund" => revoke(call, "refunds", "refund"),
            "update_booking" => update_booking(call),
            "restore_booking" => {
                let booking = booking(call)?;
                let (flight, seat) = (call.text("flight")?, call.text("seat")?);
                call.transaction.execute(
                    "UPDATE bookings SET flight = ?2, seat = ?3 WHERE code = ?1",
                    params![booking.code, flight, seat],
                )?;
                Ok(record([("code", Value::Code(booking.code))]))
            }
            "cancel_booking" => cancel_booking(call),
            "reinstate_booking" => {
                let booking = booking(call)?;
                set_status(call, &booking.code, "confirmed")?;
                Ok(record([("code", Value::Code(booking.code))]))
            }
            "send_confirmation" => send_confirmation(call),
            _ => Err(call.unknown()),
        }
    }
}

struct Booking {
    code: String,
    pin: String,
    name: String,
    status: String,
    flight: String,
    seat: String,
    fare: i64,
    credit_due: i64,
    currency: String,
}

struct Flight {
    id: String,
    number: String,
    from: String,
    to: String,
    departs: String,
    expected: String,
    status: String,
    gate: String,
}

fn flight_of(row: &Row<'_>) -> rusqlite::Result<Flight> {
    Ok(Flight {
        id: row.get("id")?,
        number: row.get("number")?,
        from: row.get("origin")?,
        to: row.get("destination")?,
        departs: row.get("departs")?,
        expected: row.get("expected")?,
        status: row.get("status")?,
        gate: row.get("gate")?,
    })
}

fn flight(call: &Call<'_>, id: &str) -> Result<Flight, CallError> {
    let flight =
        call.transaction.query_row("SELECT * FROM flights WHERE id = ?1", [id], flight_of).optional()?;
    flight.ok_or_else(|| not_found("flight", "no such flight"))
}

fn booking_at(call: &Call<'_>, code: &str, argument: &str) -> Result<Booking, CallError> {
    let booking = call
        .transaction
        .query_row("SELECT * FROM bookings WHERE code = ?1", [code], |row| {
            Ok(Booking {
                code: row.get("code")?,
                pin: row.get("pin")?,
                name: row.get("name")?,
                status: row.get("status")?,
                flight: row.get("flight")?,
                seat: row.get("seat")?,
                fare: row.get("fare")?,
                credit_due: row.get("credit_due")?,
                currency: row.get("currency")?,
            })
        })
        .optional()?;
    booking.ok_or_else(|| not_found(argument, "no such booking"))
}

fn booking(call: &Call<'_>) -> Result<Booking, CallError> {
    booking_at(call, call.text("booking")?, "booking")
}

fn find_booking(call: &Call<'_>) -> Result<Record, CallError> {
    let booking = booking_at(call, call.text("code")?, "code")?;
    if booking.pin != call.text("pin")? {
        return Err(not_found("pin", "the PIN is another"));
    }
    let flight = flight(call, &booking.flight)?;
    Ok(record([
        ("code", Value::Code(booking.code)),
        ("name", Value::Text(booking.name)),
        ("status", Value::Text(booking.status)),
        (
            "flight",
            Value::Record(record([
                ("id", Value::Text(flight.id)),
                ("number", Value::Code(flight.number)),
                ("from", Value::Text(flight.from)),
                ("to", Value::Text(flight.to)),
                ("departs", Value::Time(flight.departs)),
                ("status", Value::Text(flight.status)),
            ])),
        ),
        ("seat", Value::Code(booking.seat)),
        ("fare", money(booking.fare, booking.currency)),
    ]))
}

fn find_flights(call: &Call<'_>) -> Result<Record, CallError> {
    let booking = booking(call)?;
    let current = flight(call, &booking.flight)?;
    let mut statement = call.transaction.prepare(
        "SELECT f.*, (SELECT COUNT(*) FROM seats s WHERE s.flight = f.id AND s.booking IS NULL) AS free
         FROM flights f
         WHERE origin = ?1 AND destination = ?2 AND status <> 'cancelled' AND id <> ?3 AND free > 0
         ORDER BY departs",
    )?;
    let offers = statement.query_map(params![current.from, current.to, current.id], |row| {
        let flight = flight_of(row)?;
        Ok(Value::Record(record([
            ("id", Value::Text(flight.id)),
            ("number", Value::Code(flight.number)),
            ("from", Value::Text(flight.from)),
            ("to", Value::Text(flight.to)),
            ("departs", Value::Time(flight.departs)),
            ("seats", Value::Int(row.get("free")?)),
        ])))
    })?;
    let flights = offers.collect::<Result<_, _>>()?;
    let credit = if current.status == "cancelled" { booking.credit_due } else { 0 };
    Ok(record([("flights", Value::List(flights)), ("credit", money(credit, booking.currency))]))
}

fn flight_status(call: &Call<'_>) -> Result<Record, CallError> {
    let number = call.text("number")?;
    let number = if number.starts_with(CARRIER) { number.to_owned() } else { format!("{CARRIER}{number}") };
    let flight = call
        .transaction
        .query_row("SELECT * FROM flights WHERE number = ?1 ORDER BY departs", [number], flight_of)
        .optional()?
        .ok_or_else(|| not_found("number", "no such flight"))?;
    Ok(record([
        ("number", Value::Code(flight.number)),
        ("state", Value::Text(flight.status)),
        ("from", Value::Text(flight.from)),
        ("to", Value::Text(flight.to)),
        ("departs", Value::Time(flight.departs)),
        ("expected", Value::Time(flight.expected)),
        ("gate", Value::Code(flight.gate)),
    ]))
}

fn assign_seat(call: &Call<'_>) -> Result<Record, CallError> {
    let booking = booking(call)?;
    let flight = flight(call, call.text("flight")?)?;
    if flight.status == "cancelled" {
        return Err(refused("the flight is cancelled"));
    }
    let seat: Option<String> = call
        .transaction
        .query_row(
            "UPDATE seats SET booking = ?1 WHERE rowid =
               (SELECT rowid FROM seats WHERE flight = ?2 AND booking IS NULL ORDER BY number LIMIT 1)
             RETURNING number",
            params![booking.code, flight.id],
            |row| row.get(0),
        )
        .optional()?;
    let seat = seat.ok_or_else(|| refused("no seat is left"))?;
    Ok(record([("number", Value::Code(seat)), ("flight", Value::Code(flight.number))]))
}

fn release_seat(call: &Call<'_>) -> Result<Record, CallError> {
    let (flight, seat, booking) = (call.text("flight")?, call.text("seat")?, call.text("booking")?);
    call.transaction.execute(
        "UPDATE seats SET booking = NULL WHERE flight = ?1 AND number = ?2 AND booking = ?3",
        params![flight, seat, booking],
    )?;
    Ok(record([("number", Value::Code(seat.to_owned()))]))
}

/// Books a credit or a refund.
fn pay(call: &Call<'_>, table: &str) -> Result<Record, CallError> {
    let booking = booking(call)?;
    let amount = call.money("amount")?.clone();
    if amount.minor <= 0 || amount.currency != booking.currency {
        return Err(refused("the amount is not payable"));
    }
    call.transaction.execute(
        &format!("INSERT INTO {table} (booking, amount, currency, state) VALUES (?1, ?2, ?3, 'active')"),
        params![booking.code, amount.minor, amount.currency],
    )?;
    let id = call.transaction.last_insert_rowid();
    Ok(record([("id", Value::Text(id.to_string())), ("amount", Value::Money(amount))]))
}

/// Takes a credit or a refund back.
fn revoke(call: &Call<'_>, table: &str, argument: &str) -> Result<Record, CallError> {
    let (id, booking) = (call.text(argument)?, call.text("booking")?);
    let changed = call.transaction.execute(
        &format!("UPDATE {table} SET state = 'revoked' WHERE id = CAST(?1 AS INTEGER) AND booking = ?2"),
        params![id, booking],
    )?;
    if changed == 0 {
        return Err(not_found(argument, "there is none of that number"));
    }
    Ok(record([("id", Value::Text(id.to_owned()))]))
}

fn update_booking(call: &Call<'_>) -> Result<Record, CallError> {
    let booking = booking(call)?;
    let (flight, seat) = (flight(call, call.text("flight")?)?, call.text("seat")?);
    let holder: Option<Option<String>> = call
        .transaction
        .query_row(
            "SELECT booking FROM seats WHERE flight = ?1 AND number = ?2",
            params![flight.id, seat],
            |row| row.get(0),
        )
        .optional()?;
    if holder.flatten().as_deref() != Some(&booking.code) {
        return Err(refused("the seat is not held for this booking"));
    }
    call.transaction.execute(
        "UPDATE bookings SET flight = ?2, seat = ?3 WHERE code = ?1",
        params![booking.code, flight.id, seat],
    )?;
    Ok(record([
        ("code", Value::Code(booking.code)),
        ("flight", Value::Code(flight.number)),
        ("departs", Value::Time(flight.departs)),
        ("seat", Value::Code(seat.to_owned())),
        ("previous_flight", Value::Text(booking.flight)),
        ("previous_seat", Value::Code(booking.seat)),
    ]))
}

fn cancel_booking(call: &Call<'_>) -> Result<Record, CallError> {
    let booking = booking(call)?;
    if booking.status == "cancelled" {
        return Err(refused("the booking is cancelled already"));
    }
    let flight = flight(call, &booking.flight)?;
    set_status(call, &booking.code, "cancelled")?;
    Ok(record([("code", Value::Code(booking.code)), ("flight", Value::Code(flight.number))]))
}

fn set_status(call: &Call<'_>, code: &str, status: &str) -> Result<(), CallError> {
    call.transaction.execute("UPDATE bookings SET status = ?2 WHERE code = ?1", params![code, status])?;
    Ok(())
}

fn send_confirmation(call: &Call<'_>) -> Result<Record, CallError> {
    let booking = booking(call)?;
    call.transaction.execute(
        "INSERT INTO messages (booking, about, channel) VALUES (?1, ?2, 'email')",
        params![booking.code, call.text("about")?],
    )?;
    let id = call.transaction.last_insert_rowid();
    Ok(record([("id", Value::Text(id.to_string())), ("channel", Value::from("email"))]))
}

const CARRIER: &str = "CW";

/// Number, from, to, departs, expected, status, gate.
const FLIGHTS: [(&str, &str, &str, &str, &str, &str, &str); 6] = [
    ("CW212", "San Francisco", "Seattle", "08:30", "08:30", "cancelled", "B4"),
    ("CW318", "San Francisco", "Seattle", "10:15", "10:15", "on_time", "B7"),
    ("CW544", "San Francisco", "Seattle", "14:40", "14:40", "on_time", "C2"),
    ("CW128", "Seattle", "San Francisco", "12:05", "12:05", "on_time", "A9"),
    ("CW407", "Seattle", "San Francisco", "17:30", "17:30", "on_time", "A3"),
    ("CW701", "Denver", "Chicago", "09:20", "10:05", "delayed", "D1"),
];

/// Of every flight.
const SEATS: [&str; 5] = ["11A", "12C", "14F", "15B", "16D"];

/// Code, PIN, name, flight, seat, fare and credit due in cents.
const BOOKINGS: [(&str, &str, &str, &str, &str, i64, i64); 3] = [
    ("K7M4X2", "4821", "M. Rivers", "CW212", "14F", 28_900, 15_000),
    ("P3T9Q5", "7730", "T. Okafor", "CW128", "12C", 19_900, 0),
    ("R8W6N1", "1946", "L. Haugen", "CW212", "11A", 124_000, 90_000),
];
