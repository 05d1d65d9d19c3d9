//! The sample database: a table of orders, the same for every machine.

use rusqlite::{Connection, params};
use sluice_contract::{Code, Fault};
use std::path::Path;

/// What both sides of the copy must agree on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) rows: u64,
    /// Sum of `total_cents`.
    pub(super) sum: i64,
}

const SCHEMA: &str = "CREATE TABLE orders (
    id INTEGER PRIMARY KEY, order_number TEXT NOT NULL, customer_id INTEGER NOT NULL, customer TEXT NOT NULL, country TEXT NOT NULL,
    status TEXT NOT NULL, items INTEGER NOT NULL, total_cents INTEGER NOT NULL, currency TEXT NOT NULL, weight_kg REAL,
    ordered_at TEXT NOT NULL, shipped_at TEXT, note TEXT)";

/// Makes the database when it is not there with that many rows, and sums it up.
pub(super) fn ensure(path: &Path, rows: u64) -> Result<Facts, Fault> {
    let fault = |e: rusqlite::Error| Fault::new(Code::StoreFailed, format!("{}: {e}", path.display()));
    if let Some(dir) = path.parent() {
        super::make_dir(dir)?;
    }
    if path.exists() {
        match Connection::open(path).and_then(|db| sum_up(&db)) {
            Ok(facts) if facts.rows == rows => return Ok(facts),
            // Another size was asked for, or it was interrupted while it was made.
            _ => std::fs::remove_file(path)
                .map_err(|e| Fault::new(Code::FileUnreadable, format!("{}: {e}", path.display())))?,
        }
    }
    let mut db = Connection::open(path).map_err(fault)?;
    fill(&mut db, rows).map_err(fault)?;
    sum_up(&db).map_err(fault)
}

fn sum_up(db: &Connection) -> rusqlite::Result<Facts> {
    db.query_row(
        "SELECT count(*), coalesce(sum(total_cents), 0) FROM orders",
        [],
        |row| {
            Ok(Facts {
                rows: row.get::<_, i64>(0)?.unsigned_abs(),
                sum: row.get(1)?,
            })
        },
    )
}

fn fill(db: &mut Connection, rows: u64) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    transaction.execute(SCHEMA, [])?;
    let mut insert = transaction.prepare("INSERT INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")?;
    let mut random = Random(0x005E_ED0F_0DE5);
    for id in 1..=rows {
        let customer = random.below(40_000);
        let name = format!("{} {}", pick(FIRST, customer), pick(LAST, customer / 7));
        let (country, currency) = COUNTRIES[(customer % COUNTRIES.len() as u64) as usize];
        let items = 1 + random.below(5) * random.below(3);
        let total = items * (199 + random.below(18_000));
        // Five years of orders, growing later ones: evenly spaced here, with some jitter.
        let day = (id * 1_826 / rows.max(1)) as i64;
        let second = random.below(86_400);
        let status = pick(STATUS, random.below(20));
        let shipped = (status == "shipped" || status == "delivered")
            .then(|| moment(day + 1 + random.below(6) as i64, random.below(86_400)));
        let note = (random.below(12) == 0).then(|| pick(NOTES, random.below(6)));
        let weight = (random.below(50) != 0).then(|| (items * (100 + random.below(4_000))) as f64 / 1000.0);
        insert.execute(params![
            id as i64,
            format!("SO-{id:08}"),
            customer as i64,
            name,
            country,
            status,
            items as i64,
            total as i64,
            currency,
            weight,
            moment(day, second),
            shipped,
            note
        ])?;
    }
    drop(insert);
    transaction.commit()
}

/// Day 0 is 2021-01-01.
fn moment(day: i64, second: u64) -> String {
    const FIRST_DAY: i64 = 1_609_459_200;
    chrono::DateTime::from_timestamp(FIRST_DAY + day * 86_400 + second as i64, 0)
        .map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn pick(list: &[&'static str], n: u64) -> &'static str {
    list[(n % list.len() as u64) as usize]
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }
}

const FIRST: &[&str] = &[
    "Ada", "Bruno", "Chloé", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ines", "Jan", "Keiko", "Luís", "Mara",
    "Noor", "Óscar", "Priya", "Quinn", "Rosa", "Søren", "Tove",
];
const LAST: &[&str] = &[
    "Adeyemi", "Becker", "Costa", "Dubois", "Eriksson", "Fischer", "García", "Haddad", "Ivanova", "Jansen", "Kowalski",
    "López", "Müller", "Nakamura", "O'Brien", "Petrov", "Rossi", "Šimek", "Tanaka", "Yılmaz",
];
const COUNTRIES: &[(&str, &str)] = &[
    ("DE", "EUR"),
    ("FR", "EUR"),
    ("ES", "EUR"),
    ("IT", "EUR"),
    ("PL", "PLN"),
    ("SE", "SEK"),
    ("GB", "GBP"),
    ("US", "USD"),
    ("JP", "JPY"),
    ("BR", "BRL"),
];
const STATUS: &[&str] = &[
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "delivered",
    "shipped",
    "shipped",
    "shipped",
    "open",
    "open",
    "cancelled",
    "returned",
    "delivered",
];
const NOTES: &[&str] = &[
    "gift wrap",
    "deliver to the neighbour",
    "call \"before\" delivery",
    "fragile; keep upright",
    "",
    "leave at door\nback entrance",
];
