//! Conversations that were exported as JSON come back.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{FileList, HtmlInputElement};

use crate::api;
use crate::store::Store;
use crate::store::list::Notice;

const FIELD: &str = "import-file";
/// As the server has it.
const LARGEST: f64 = 64.0 * 1024.0 * 1024.0;

/// Lets the reader choose files.
pub(super) fn ask() {
    let field = document().get_element_by_id(FIELD);
    if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
        field.click();
    }
}

/// The field behind the menu's entry.
pub(super) fn import_field(store: Store) -> AnyView {
    let chosen = move |event: leptos::ev::Event| {
        let Some(field) = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(files) = field.files() {
            import(store, files);
        }
        // The same file can be chosen again.
        field.set_value("");
    };
    view! {
        <input
            type="file"
            id=FIELD
            data-testid="import-file"
            accept=".json,application/json"
            multiple
            hidden
            on:change=chosen
        />
    }
    .into_any()
}

/// Takes these files in, one after the other, and shows the last conversation.
pub(crate) fn import(store: Store, files: FileList) {
    let files: Vec<_> = (0..files.length())
        .filter_map(|at| files.item(at))
        .collect();
    leptos::task::spawn_local(async move {
        let count = files.len();
        let mut last = None;
        for file in files {
            let name = file.name();
            store.tell(Notice::Working(format!("Importing {name} …")));
            if file.size() > LARGEST {
                let why = format!("{name} was not imported: it is larger than 64 MiB.");
                store.tell(Notice::Failed(why));
                return;
            }
            match api::import(&file).await {
                Ok(conversation) => {
                    store.conversation_is(conversation.clone());
                    last = Some(conversation.id);
                }
                Err(problem) => {
                    let why = format!("{name} was not imported. {}", problem.sentence());
                    store.tell(Notice::Failed(why));
                    return;
                }
            }
        }
        if let Some(id) = last {
            store.tell(Notice::Done(match count {
                1 => "Imported.".to_owned(),
                _ => format!("{count} conversations imported."),
            }));
            store.go(&format!("/c/{id}"));
        }
    });
}
