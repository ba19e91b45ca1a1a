//! Values of options: the ones taken, and the words for the others.

use super::*;

#[test]
fn rates() {
    let limit = |requests, per| Rate::Limit {
        requests: NonZeroU32::new(requests).unwrap(),
        per: Duration::from_secs(per),
    };
    let table = [
        ("50", limit(50, 1)),
        ("50/s", limit(50, 1)),
        ("3000/m", limit(3000, 60)),
        ("0", Rate::Unlimited),
        ("0/m", Rate::Unlimited),
    ];
    for (text, rate) in table {
        assert_eq!(text.parse(), Ok(rate), "{text}");
    }
    for text in [
        "", "-1", "+5", "50/h", "50 / s", "fast", "1.5", "1000001", "/s",
    ] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
}

#[test]
fn durations() {
    let table = [
        ("500ms", 500),
        ("30s", 30_000),
        ("30", 30_000),
        ("15m", 900_000),
        ("2h", 7_200_000),
        ("1d", 86_400_000),
        ("0", 0),
    ];
    for (text, millis) in table {
        assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
    }
    for text in [
        "",
        "s",
        "1.5s",
        "-1s",
        "15 m",
        "8d",
        "1w",
        "99999999999999999999s",
        "१s",
    ] {
        assert!(duration(text).is_err(), "{text}");
    }
    assert!(interval("0").is_err() && interval("999ms").is_err() && interval("1s").is_ok());
    assert!(timeout("0").is_err() && timeout("11m").is_err() && timeout("30").is_ok());
}

#[test]
fn numbers_and_words() {
    assert_eq!(expires_in("30"), Ok(30));
    assert!(expires_in("0").is_err() && expires_in("31").is_err());
    assert!(concurrency("0").is_err() && concurrency("513").is_err());
    assert!(attempts("x").is_err());
    assert_eq!("production".parse(), Ok(Environment::Production));
    let refused = "prod".parse::<Environment>().unwrap_err();
    assert_eq!(
        refused,
        "`prod` is none of these: sandbox, test, production"
    );
    assert_eq!("no".parse(), Ok(Notify::No));
    assert_eq!("json".parse(), Ok(LogFormat::Json));
    assert_eq!(
        total("₹5,43,21,000.00").map(Money::paise),
        Ok(5_432_100_000)
    );
}
