//! What those shortcuts do that can wait until this part has come.

use crate::state::Action;
use crate::store::Store;
use crate::store::list::Overlay;

/// Does what a shortcut asks for.
pub(crate) fn act(store: Store, action: Action) {
    match action {
        Action::Previous => store.step(false),
        Action::Next => store.step(true),
        Action::ToggleList => store.toggle_list(),
        Action::Undo => store.undo(),
        Action::CopyAnswer => store.copy_last_answer(),
        Action::Regenerate => store.regenerate_last(),
        Action::Sheet => store.lay_over(Overlay::Shortcuts),
        // The page does these itself.
        Action::NewChat | Action::Search | Action::Write | Action::Own => {}
    }
}
