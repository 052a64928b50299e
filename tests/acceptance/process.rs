//! The program: its command line, its signals.

use crate::app::{App, DEADLINE, NO_HURRY, in_time, program};
use std::time::Duration;
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_within_five_seconds_with_streams_open() {
    for isolation in ["task", "process"] {
        let mut app = App::process(&["--isolation", isolation]).await;
        let sandbox = app.session().sandbox().await;
        let mut streams = vec![];
        for _ in 0..5 {
            let mut events = sandbox.events(0).await;
            events.next().await.expect("an event");
            streams.push(events);
        }
        sandbox.place_order().await;
        let (status, took) = app.terminate().await;
        assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}");
        for mut stream in streams {
            while stream.next().await.is_some() {}
        }
        app.start().await;
        crate::app::Promises::of(&sandbox).await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_within_five_seconds_with_a_client_that_does_not_read() {
    let mut app = App::process(&[&NO_HURRY[..], &["--service-batch", "64"]].concat()).await;
    let sandbox = app.session().sandbox().await;
    let mut stalled = sandbox.events(0).await;
    stalled.next().await.expect("an event");
    while sandbox.position().await < 10_000 {
        futures_util::future::join_all((0..16).map(|_| sandbox.place_order())).await;
    }
    sandbox.at_rest().await;
    let (_, took) = app.terminate().await;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_address_but_loopback_is_refused_with_a_sentence() {
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:3000"] {
        for as_variable in [false, true] {
            let mut command = Command::new(program());
            command.arg("serve").kill_on_drop(true);
            if as_variable {
                command.env("TERRARIUM_ADDR", addr);
            } else {
                command.args(["--addr", addr]);
            }
            let ended = tokio::time::timeout(DEADLINE, command.output()).await.expect("it ends").expect("it starts");
            let text = String::from_utf8_lossy(&ended.stderr);
            assert!(!ended.status.success() && ended.stdout.is_empty());
            assert!(text.contains("listening beyond this machine needs a teacher password"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn help_names_every_option_and_its_variable() {
    let help = Command::new(program()).args(["serve", "--help"]).output().await.expect("it starts");
    let text = String::from_utf8_lossy(&help.stdout);
    for option in ["ADDR", "DATA_DIR", "ISOLATION", "COMMANDS_PER_SECOND", "HIBERNATE_AFTER_S", "LOG"] {
        assert!(text.contains(&format!("--{}", option.to_lowercase().replace('_', "-"))), "{text}");
        assert!(text.contains(&format!("TERRARIUM_{option}")), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_said_in_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = taken.local_addr().expect("an address").to_string();
    let folder = crate::app::Folder::new();
    let mut command = Command::new(program());
    command.args(["serve", "--addr", &addr, "--data-dir"]).arg(folder.path()).kill_on_drop(true);
    let ended = in_time("it ends", command.output()).await.expect("it starts");
    let text = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && text.contains(&format!("can't listen on {addr}")), "{text}");
}
