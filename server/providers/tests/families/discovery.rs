//! Which models a provider has.

use evenkeel_providers::Family;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn each_family_is_asked_in_its_words_page_by_page() {
    let many: Vec<_> = (0..3).map(|n| json!({"id": format!("b{n}")})).collect();
    for (family, base, pages, lines, header, names) in [
        (
            Family::OpenAi,
            "/api/v1",
            vec![json!({"data": [{"id": "a"}, {"id": "b"}, {"id": "a"}]})],
            vec!["GET /api/v1/models"],
            ("authorization", "Bearer sk-test-key"),
            vec!["a", "b"],
        ),
        (
            Family::Anthropic,
            "",
            vec![
                json!({"data": [{"id": "a"}], "has_more": true, "last_id": "a"}),
                json!({"data": many, "has_more": false, "last_id": "b2"}),
            ],
            vec![
                "GET /v1/models?limit=1000",
                "GET /v1/models?limit=1000&after_id=a",
            ],
            ("x-api-key", "sk-test-key"),
            vec!["a", "b0", "b1", "b2"],
        ),
        (
            Family::Gemini,
            "/v1beta",
            vec![
                json!({"models": [{"name": "models/a", "supportedGenerationMethods": ["generateContent"]}], "nextPageToken": "n"}),
                json!({"models": [{"name": "models/b", "supportedGenerationMethods": ["embedContent"]}]}),
            ],
            vec![
                "GET /v1beta/models?pageSize=1000",
                "GET /v1beta/models?pageSize=1000&pageToken=n",
            ],
            ("x-goog-api-key", "sk-test-key"),
            vec!["a"],
        ),
        (
            Family::Ollama,
            "/",
            vec![json!({"models": [{"name": "a:8b"}]})],
            vec!["GET /api/tags"],
            ("authorization", "Bearer sk-test-key"),
            vec!["a:8b"],
        ),
    ] {
        let answers = pages
            .iter()
            .map(|page| ok("application/json", &page.to_string()));
        let (url, mut requests) = server(answers.collect()).await;
        let provider = provider(family, &format!("{url}{base}"), no_faults());
        let found = provider.discover(&me()).await.unwrap();
        let found: Vec<_> = found.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(found, names, "{family:?}");
        for line in lines {
            let request = requests.recv().await.unwrap();
            assert_eq!(request.line(), line);
            assert_eq!(request.header(header.0), Some(header.1));
            assert_eq!(request.body, "");
        }
    }
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let page = |n: u32| json!({"data": [{"id": format!("m{n}")}], "has_more": true, "last_id": format!("m{n}")});
    let answers = (0..60).map(|n| ok("application/json", &page(n).to_string()));
    let (url, _) = server(answers.collect()).await;
    let provider = provider(Family::Anthropic, &url, no_faults());
    assert_eq!(provider.discover(&me()).await.unwrap().len(), 50);
}

#[tokio::test]
async fn what_is_no_list_is_an_error() {
    for family in Family::ALL {
        for (answer, expected) in [
            (
                response("401 Unauthorized", &[], "{\"error\":{\"message\":\"no\"}}"),
                "status: 401",
            ),
            (
                ok("text/html", "<html></html>"),
                "Malformed(\"the list of models is no JSON: check base_url",
            ),
            (ok("application/json", "{\"hello\":1}"), "no list"),
            (
                ok("application/json", &"[".repeat(9 * 1024 * 1024)),
                "8 MiB",
            ),
        ] {
            let (url, _) = server(vec![answer]).await;
            let provider = provider(family, &url, no_faults());
            let said = format!("{:?}", provider.discover(&me()).await.unwrap_err().observed);
            assert!(said.contains(expected), "{family:?}: {said}");
        }
    }
}
