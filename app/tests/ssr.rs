//! What the server sends at first: every hook of the contract in its place, nothing that the policy of the page forbids.

#![cfg(all(feature = "ssr", not(target_arch = "wasm32")))]
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use evenkeel_app::{Boot, BootPage, Query, Watching, shell};
use evenkeel_protocol::*;
use leptos::config::LeptosOptions;
use leptos::prelude::*;
use support::*;

fn page(page: BootPage) -> String {
    page_at(page, "")
}

fn page_at(page: BootPage, query: &str) -> String {
    render(boot(page), query)
}

fn render(boot: Boot, query: &str) -> String {
    let owner = Owner::new();
    owner.with(|| {
        provide_context(Query(query.to_owned()));
        provide_context::<Boot>(boot);
        let options = LeptosOptions::builder().output_name("evenkeel").build();
        shell(options).to_html()
    })
}

fn sees(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
}

/// No style and no handler stands in an attribute, and no script in the page but those that may.
fn keeps_the_policy(html: &str) {
    let (head, boot) = html
        .split_once(r#"<script type="application/json" id="boot">"#)
        .unwrap();
    assert!(
        !boot.split("</script>").next().unwrap().contains('<'),
        "the data block can be left"
    );
    let body = &head[head.find("<body").unwrap()..];
    assert!(!body.contains("<script"), "a script in {body}");
    for tag in body.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        // Every second piece stands between quotes: a value.
        for names in tag.split('"').step_by(2) {
            for name in names
                .split_whitespace()
                .map(|name| name.trim_end_matches('='))
            {
                assert!(
                    name != "style" && !name.starts_with("on"),
                    "{name} in {tag}"
                );
            }
        }
    }
}

#[test]
fn a_new_conversation() {
    let html = page(BootPage::New);
    sees(
        &html,
        &[
            r#"data-testid="composer""#,
            r#"data-testid="send""#,
            r#"data-testid="model-picker""#,
            r#"data-testid="connection" data-state="connecting""#,
            r#"data-testid="conversation""#,
            r#"href="/c/c1""#,
            "demo-swift (demo)",
            r#"role="status""#,
            "/early.js",
            "<title>New chat · Evenkeel</title>",
            r#"rel="manifest" href="/manifest.webmanifest""#,
            r#"data-testid="search""#,
            r#"<h2 class="group-name">Today"#,
            r#"aria-label="More about About keels""#,
            r#"data-testid="temporary-switch""#,
            r#"data-testid="user-menu""#,
        ],
    );
    keeps_the_policy(&html);
}

#[test]
fn a_conversation_with_a_fallback() {
    let html = page(BootPage::Conversation(conversation(fallback_answer(
        HOSTILE,
    ))));
    sees(
        &html,
        &[
            r#"data-role="user""#,
            r#"data-role="assistant""#,
            r#"data-status="complete""#,
            r#"data-model="demo-steady""#,
            r#"data-fallback="true""#,
            r#"data-testid="fallback-line""#,
            "demo-swift could not answer (rate limited) · demo-steady stepped in · +0.8 s",
            r#"data-testid="use-from-now-on""#,
            "try demo-swift again",
            r#"data-testid="attempts""#,
            r#"data-state="failed" data-reason="quota_exhausted""#,
            r#"data-state="answered""#,
            r#"data-testid="simulated""#,
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            r#"rel="noopener noreferrer nofollow""#,
        ],
    );
    let article = html
        .split("<article")
        .nth(2)
        .unwrap()
        .split("</article>")
        .next()
        .unwrap();
    for hostile in ["<script", "<img", "href=\"javascript:", "<b>"] {
        assert!(!article.contains(hostile), "{hostile} in {article}");
    }
    keeps_the_policy(&html);
}

#[test]
fn an_assistant_s_answer() {
    let mut answer = fallback_answer("Yes.");
    answer.assistant = Some("qa".into());
    let mut boot = boot(BootPage::Conversation(conversation(answer.clone())));
    boot.hello.assistants = vec![Assistant {
        id: "qa".into(),
        name: "Questions & answers".into(),
        model: "demo-swift".into(),
    }];
    let html = render(boot, "");
    sees(
        &html,
        &[
            r#"data-assistant="qa""#,
            "Questions &amp; answers · demo-steady",
            "demo-swift could not answer (rate limited) · demo-steady stepped in",
            r#"<optgroup label="Assistants"><option value="qa" selected>"#,
            r#"<optgroup label="Models · demo-harbour">"#,
            r#"class="picker-model">demo-swift<"#,
        ],
    );
    keeps_the_policy(&html);

    // One that is gone is named by its id, and asked no more.
    let html = page(BootPage::Conversation(conversation(answer)));
    sees(
        &html,
        &[
            "qa · demo-steady",
            r#"<option value="demo-swift" selected>"#,
        ],
    );
    assert!(!html.contains("Assistants"), "{html}");
}

#[test]
fn versions_files_and_what_can_be_done() {
    let file = |id: &str, name: &str, media_type: &str| AttachedFile {
        id: id.into(),
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size: 12_345,
    };
    let mut talk = conversation(message("m2", Some("m1"), MessageRole::Assistant, "One."));
    talk.messages[0].attachments = vec![
        file("f1", "a \"keel\".png", "image/png"),
        file("f2", "notes.txt", "text/plain"),
    ];
    let mut newest = message("m3", Some("m1"), MessageRole::Assistant, "Two.");
    newest.suggestions = vec!["Why?".to_owned()];
    talk.messages.push(newest);
    let html = page(BootPage::Conversation(talk));
    sees(
        &html,
        &[
            r#"aria-label="Version 2 of 2" data-testid="versions""#,
            r#"id="earlier-m3" aria-label="Previous version" title="Previous version" aria-disabled="false""#,
            r#"id="later-m3" aria-label="Next version" title="Next version" aria-disabled="true""#,
            r#"aria-label="Answer again""#,
            r#"popovertarget="again-menu""#,
            r#"id="again-menu""#,
            r#"id="edit-m1" aria-label="Edit""#,
            r#"src="/api/attachments/f1" alt="a &quot;keel&quot;.png""#,
            r#"href="/api/attachments/f2" download="notes.txt""#,
            "13 kB",
        ],
    );
    assert!(!html.contains("One.</p>"), "another version is not shown");
    // Whether suggestions are wanted, only the browser knows.
    assert!(!html.contains(r#"data-testid="suggestion""#));
}

#[test]
fn formulas_are_there_from_the_first_byte_and_code_has_no_colours_yet() {
    let text = "So \\(\\frac{a}{b}\\), and\n\n\\[\n\\begin{aligned} a &= b \\end{aligned}\n\\]\n\n$\\nosuch$\n\n\
        ```rust title=\"a<b.rs\"\nfn a() {}\n```\n\nNote[^1]\n\n[^1]: small\n";
    let html = page(BootPage::Conversation(conversation(fallback_answer(text))));
    // Without the marks that hydration needs.
    let html = html.replace("<!>", "");
    sees(
        &html,
        &[
            "<math><semantics><mfrac><mi>a</mi><mi>b</mi></mfrac><annotation>\\frac{a}{b}</annotation>",
            r#"<math display="block">"#,
            r#"class="fm-right fm-close-right""#,
            r#"<code class="formula-source">\nosuch</code>"#,
            "a&lt;b.rs",
            "fn a() {}",
            "<sup",
        ],
    );
    assert!(!html.contains("hl-"), "colours in {html}");
    keeps_the_policy(&html);
}

#[test]
fn an_answer_whose_model_changed() {
    let html = page(BootPage::Conversation(conversation(resumed_answer(
        "**Even** keel\n\nis a |chat.",
    ))));
    sees(
        &html,
        &[
            r#"<details data-testid="seam" data-mode="restarted""#,
            "demo-swift broke off. demo-steady said something else and restarted the answer.",
            "What demo-swift had written:",
            "&lt;b&gt;discarded&lt;/b&gt;",
            r#"data-testid="seam" data-mode="continued" aria-label="demo-steady broke off here. demo-calm was given its text and continued it." popovertarget="seam-m2-1""#,
            r#"id="seam-m2-1" popover="auto""#,
            "demo-swift broke off · demo-steady broke off · demo-calm went on from there",
        ],
    );
    let words = html.find("is a ").unwrap();
    let mark = words + html[words..].find("popovertarget").unwrap();
    assert!(mark < words + html[words..].find("chat.").unwrap());
    keeps_the_policy(&html);
}

#[test]
fn a_text_that_was_kept_without_an_end_has_its_model_and_can_be_copied() {
    let cut = Message {
        text: "Half of".to_owned(),
        status: MessageStatus::Incomplete,
        model_name: Some("demo-swift".into()),
        ..exhausted_answer()
    };
    let html = page(BootPage::Conversation(conversation(cut)));
    let text = html.find("Half of").unwrap();
    let card = html.find(r#"data-testid="exhausted""#).unwrap();
    sees(
        &html[text..card],
        &[r#"<span class="model">demo-swift<"#, "Copy answer"],
    );
    let html = page(BootPage::Conversation(conversation(exhausted_answer())));
    assert!(!html.contains("Copy answer"));
}

#[test]
fn an_answer_names_its_model_while_it_is_written() {
    let streaming = Message {
        status: MessageStatus::Streaming,
        ..fallback_answer("So far")
    };
    let html = page(BootPage::Conversation(conversation(streaming)));
    let text = html.find("So far").unwrap();
    sees(&html[text..], &[r#"<span class="model">demo-steady<"#]);
    assert!(!html.contains("Copy answer"));
}

#[test]
fn a_turn_that_nobody_could_answer() {
    let html = page(BootPage::Conversation(conversation(exhausted_answer())));
    sees(
        &html,
        &[
            // It is no news to whoever comes later.
            r#"<section role="group" data-testid="exhausted""#,
            r#"data-testid="try-again""#,
            r#"data-testid="try-again-with""#,
            "Send when one recovers",
            r#"data-testid="exhausted-model" data-model="demo-swift" data-reason="auth_error""#,
            "An administrator can fix this",
            "The provider has to recover",
            "None of the 2 models could answer.",
            "What keeps a boat upright?",
        ],
    );
    keeps_the_policy(&html);
}

fn admin(state: CircuitState) -> BootPage {
    BootPage::Admin(Watching {
        health: serde_json::to_string(&report(state)).ok(),
        faults: None,
    })
}

#[test]
fn the_health_panel() {
    let html = page(admin(CircuitState::Open));
    sees(
        &html,
        &[
            r#"data-testid="health-provider" data-id="demo-harbour" data-state="closed""#,
            r#"data-testid="health-model" data-id="demo-swift" data-state="open""#,
            r#"data-testid="circuit-open""#,
            r#"data-testid="circuit-close""#,
            r#"data-testid="circuit-reset""#,
            r#"demo-swift is failing with 503 since "#,
            "; 2 answers were saved by demo-steady.",
            "demo-swift is overloaded",
            r#"data-testid="alert" data-rule="primary_circuit_open" data-state="firing""#,
            r#"<nav aria-label="Parts of the panel">"#,
        ],
    );
    keeps_the_policy(&html);
    let html = page(admin(CircuitState::Closed));
    sees(&html, &["All well.", "no attempts in the last 15 minutes"]);
}

#[test]
fn the_assistants_of_the_health_panel() {
    let admin = |assistants| {
        let report = HealthReport {
            assistants,
            ..report(CircuitState::Closed)
        };
        page(BootPage::Admin(Watching {
            health: serde_json::to_string(&report).ok(),
            faults: None,
        }))
    };
    let assistant = AssistantHealth {
        id: "qa".into(),
        name: "Questions".into(),
        status: Status::Degraded,
        model: "demo-swift".into(),
        candidate: Some(Candidate {
            model: "demo-steady".into(),
            percent: 2.5,
        }),
        use_candidate: true,
        use_fallback: false,
        chain: vec!["demo-swift".into()],
        turns: TurnFigures::default(),
        candidate_turns: TurnFigures::default(),
    };
    let html = admin(vec![assistant]);
    sees(
        &html,
        &[
            r#"data-testid="health-assistant" data-id="qa" data-state="degraded""#,
            "A fallback answers",
            "Asks demo-swift; nobody may step in.",
            "<td>97.5 %<",
            "<td>2.5 %<",
            r#"data-testid="rollout-percent""#,
            r#"data-testid="use-candidate" aria-checked="true""#,
            r#"data-testid="use-fallback" aria-checked="false""#,
            "/admin?view=settings&amp;scope=assistants/qa",
        ],
    );
    keeps_the_policy(&html);
    assert!(!admin(vec![]).contains("Assistants"));
}

#[test]
fn every_part_of_the_panel_has_its_address() {
    for (query, parts) in [
        (
            "view=log&model=demo-swift&state=failed",
            &[
                r#"data-testid="log-filter""#,
                r#"data-testid="csv""#,
                "/api/admin/attempts?model=demo-swift&amp;state=failed&amp;format=csv",
            ][..],
        ),
        ("view=statistics", &[r#"data-testid="statistics""#]),
        (
            "view=settings&scope=providers/demo-harbour",
            &[
                r#"data-testid="scope""#,
                r#"data-testid="settings""#,
                r#"type="password""#,
                "It has no key.",
            ],
        ),
        ("view=alerts", &["Rules"]),
        ("view=audit", &[r#"data-testid="audit""#]),
        (
            "view=runbook",
            &[
                "401 or 403: replace the key",
                "/admin?view=settings&amp;scope=global&amp;key=resilience.timeout",
            ],
        ),
    ] {
        let html = page_at(admin(CircuitState::Open), query);
        sees(&html, parts);
        sees(
            &html,
            &["demo-swift is failing with 503", r#"aria-current="page""#],
        );
        keeps_the_policy(&html);
    }
}

#[test]
fn the_debug_pane() {
    let html = page(BootPage::Debug(Watching {
        health: None,
        faults: serde_json::to_string(&[fault()]).ok(),
    }));
    sees(
        &html,
        &[
            r#"data-testid="fault-form""#,
            r#"data-testid="fault" data-id="f1""#,
            r#"data-testid="halt-all""#,
            "answers with 429",
            r#"name="ttl_s""#,
        ],
    );
    keeps_the_policy(&html);
}

#[test]
fn a_title_that_would_be_markup() {
    let mut transcript = conversation(fallback_answer("Yes."));
    transcript.conversation.title = "</title><script>1 & 2".into();
    let html = page(BootPage::Conversation(transcript));
    let title = "<title>&lt;/title>&lt;script>1 &amp; 2 · Evenkeel</title>";
    sees(&html, &[title]);
}

#[test]
fn what_does_not_exist() {
    let html = page(BootPage::NotFound);
    sees(
        &html,
        &[
            "There is nothing here",
            "<title>Not found · Evenkeel</title>",
        ],
    );
    keeps_the_policy(&html);
}

#[test]
fn a_page_of_which_nothing_is_known() {
    let html = Owner::new().with(|| evenkeel_app::App().to_html());
    sees(&html, &[r#"data-testid="composer""#]);
}
