//! As fast as it goes: the whole program, everything durable, against its own client with nothing written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use paysheet::domain::Finding;
use paysheet::gateway::address::BaseUrl;
use paysheet::gateway::client::{Client, ClientOptions};
use paysheet::gateway::wire::{CreateOrder, create_body};
use paysheet::gateway::{Gateway as _, reading};
use paysheet::sandbox::{CLIENT_ID, CLIENT_SECRET};

use crate::figure::{Figure, median, per_second, ratio, thousandths};
use crate::gateway::{Gateway, creates, span};
use crate::program::run;
use crate::world::World;

const ROWS: u64 = 20_000;
const ROUNDS: usize = 5;
/// Requests in flight: what `--concurrency` is by default, and more, since a sync takes as long for a full page.
const CONCURRENCIES: [u64; 2] = [64, 256];
const RATE_MIN: u128 = 3_000;
/// Thousandths of the bare client's rate.
const SHARE_MIN: u128 = 500;

/// Both, with the same requests in flight, in turns.
pub(crate) fn unpaced(world: &World) -> Vec<Figure> {
    CONCURRENCIES
        .iter()
        .flat_map(|concurrency| at_once(world, *concurrency))
        .collect()
}

/// Rates of both, and their ratio, each pair in one round. Rates are from the first create that the gateway saw to
/// the last.
fn at_once(world: &World, concurrency: u64) -> Vec<Figure> {
    let mut rates = Vec::new();
    let mut shares = Vec::new();
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let (durable, cost) = durable(world, concurrency);
        let bare = bare(world, concurrency);
        rates.push((durable, bare));
        shares.push(thousandths(durable, bare));
        costs.push(cost);
    }
    let (durable, bare) = median(rates);
    let (worst, best) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    let spread = format!("{} to {}", ratio(*worst), ratio(*best));
    let share = median(shares);
    let (ours, theirs) = median(costs);
    vec![
        Figure::held(
            format!("{concurrency} in flight: durable payouts/s, median of {ROUNDS}"),
            durable.to_string(),
            format!(">= {RATE_MIN}"),
            durable >= RATE_MIN,
        ),
        Figure::held(
            "of the same client without a checkpoint",
            ratio(share),
            format!(">= {}", ratio(SHARE_MIN)),
            share >= SHARE_MIN,
        ),
        Figure::told("least and most of the rounds", spread),
        Figure::told("that client alone, payouts/s", bare.to_string()),
        Figure::told(
            "our time on a core, each",
            format!("{} us", ours.as_micros()),
        ),
        Figure::told(
            "the gateway's time on a core, each",
            format!("{} us", theirs.as_micros()),
        ),
    ]
}

/// The program's rate, and what each payout cost the program and the gateway.
fn durable(world: &World, concurrency: u64) -> (u128, (Duration, Duration)) {
    let folder = world.folder("unpaced");
    let gateway = Gateway::start(&folder, &[]);
    let sheet = world.sheet(&folder, ROWS);
    let concurrency = concurrency.to_string();
    let options = ["--rate", "0", "--concurrency", &concurrency];
    let ran = run(&mut gateway.send(&sheet, &options)).ended(0);
    let theirs = gateway.cpu();
    let creates = creates(&gateway.arrivals());
    assert_eq!(u64::try_from(creates.len()).unwrap(), ROWS);
    let rows = u32::try_from(ROWS).unwrap();
    (
        per_second(ROWS, span(&creates)),
        (ran.cpu / rows, theirs / rows),
    )
}

fn bare(world: &World, concurrency: u64) -> u128 {
    let gateway = Gateway::start(&world.folder("bare"), &[]);
    let client = Arc::new(client(&gateway, concurrency));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let senders: Vec<_> = (0..concurrency)
            .map(|_| tokio::spawn(sender(client.clone(), next.clone())))
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
    });
    per_second(ROWS, span(&creates(&gateway.arrivals())))
}

async fn sender(client: Arc<Client>, next: Arc<AtomicU64>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= ROWS {
            return;
        }
        let token = client.token().await.unwrap();
        let id = format!("june-{number:020}");
        let finding = reading::read_create(&client.create(&token, &body(&id, number)).await, &id);
        assert!(matches!(finding, Finding::Created(_)), "{finding:?}");
    }
}

fn body(id: &str, number: u64) -> String {
    let phone = format!("9{number:09}");
    create_body(&CreateOrder {
        id,
        amount_paise: 125_000,
        name: "Asha Menon",
        phone: &phone,
        email: Some("asha.menon@example.com"),
        link_expiry: paysheet::clock::Clock::System.today_in_india(),
        remarks: Some("October incentive"),
        notify: true,
        payout_type: None,
        description: None,
    })
}

fn client(gateway: &Gateway, concurrency: u64) -> Client {
    let options = ClientOptions {
        base_url: BaseUrl::parse(&gateway.url()).unwrap(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.into(),
        public_key: None,
        timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(10),
        proxy: None,
        ca_file: None,
        user_agent: "paysheet-bench".to_owned(),
        idle_connections: usize::try_from(concurrency).unwrap(),
        unix_seconds: Arc::new(|| paysheet::clock::Clock::System.now().as_second()),
    };
    Client::new(options).unwrap()
}
