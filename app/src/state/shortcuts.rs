//! The shortcuts: one table for the page that listens and for the sheet that lists them.

/// What a shortcut does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begins a new conversation.
    NewChat,
    /// Goes to the search.
    Search,
    /// Goes to the conversation above the open one in the list.
    Previous,
    /// Goes to the one below.
    Next,
    /// Shows or folds the list.
    ToggleList,
    /// Brings back what was just deleted.
    Undo,
    /// Goes to the composer.
    Write,
    /// Copies the last answer.
    CopyAnswer,
    /// Asks for the last answer anew.
    Regenerate,
    /// Shows the sheet of the shortcuts.
    Sheet,
    /// A key of one control, which listens to it itself.
    Own,
}

/// Where a shortcut is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Everywhere,
    /// Wherever nothing is being typed.
    NotTyping,
    /// The same, and it can be switched off: a single character, which speech recognition may type by mistake.
    Character,
    /// In one control alone.
    Control,
}

/// A key with what is held down meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// `key` of the browser's event; letters are small.
    pub key: &'static str,
    /// Control, or Command on a Mac.
    pub control: bool,
    /// Shift. A sign that is not a letter says by itself whether it needs it.
    pub shift: bool,
    /// Alt, or Option on a Mac.
    pub alt: bool,
}

/// A shortcut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// What it does.
    pub action: Action,
    /// Where it is heard.
    pub scope: Scope,
    /// Its keys.
    pub keys: Keys,
    /// What it does, for the sheet.
    pub label: &'static str,
}

const fn plain(key: &'static str) -> Keys {
    Keys {
        key,
        control: false,
        shift: false,
        alt: false,
    }
}

const fn shift(key: &'static str) -> Keys {
    Keys {
        shift: true,
        ..plain(key)
    }
}

const fn control(key: &'static str) -> Keys {
    Keys {
        control: true,
        ..plain(key)
    }
}

const fn control_shift(key: &'static str) -> Keys {
    Keys {
        control: true,
        ..shift(key)
    }
}

const fn alt(key: &'static str) -> Keys {
    Keys {
        alt: true,
        ..plain(key)
    }
}

const fn entry(action: Action, scope: Scope, keys: Keys, label: &'static str) -> Shortcut {
    Shortcut {
        action,
        scope,
        keys,
        label,
    }
}

/// All of them, by what they are about. Those that do the same stand side by side.
pub const SHORTCUTS: [(&str, &[Shortcut]); 4] = {
    use Action::*;
    use Scope::*;
    [
        (
            "Conversations",
            &[
                entry(NewChat, Everywhere, control_shift("o"), "New chat"),
                entry(Search, Everywhere, control("k"), "Search conversations"),
                entry(Previous, Everywhere, alt("ArrowUp"), "Go to the one above"),
                entry(Next, Everywhere, alt("ArrowDown"), "Go to the one below"),
                entry(Own, Control, plain("F2"), "Rename the one in focus"),
                entry(Own, Control, plain("Delete"), "Delete the one in focus"),
                entry(Undo, NotTyping, control("z"), "Undo a deletion"),
            ],
        ),
        (
            "Message",
            &[
                entry(Write, Everywhere, shift("Escape"), "Write"),
                entry(Write, Character, plain("/"), "Write"),
                entry(Own, Control, plain("Enter"), "Send"),
                entry(Own, Control, shift("Enter"), "Break the line"),
            ],
        ),
        (
            "Answer",
            &[
                entry(Own, Control, plain("Escape"), "Stop it, while writing"),
                entry(
                    CopyAnswer,
                    Everywhere,
                    control_shift("y"),
                    "Copy the last one",
                ),
                entry(
                    Regenerate,
                    Everywhere,
                    control_shift("Enter"),
                    "Regenerate the last one",
                ),
            ],
        ),
        (
            "Page",
            &[
                entry(
                    ToggleList,
                    Everywhere,
                    control("b"),
                    "Show or fold the list",
                ),
                entry(Sheet, Everywhere, control("/"), "Show these shortcuts"),
                entry(Sheet, Character, plain("?"), "Show these shortcuts"),
            ],
        ),
    ]
};

/// A key that was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// `key` of the browser's event.
    pub key: String,
    /// Control, or Command on a Mac.
    pub control: bool,
    /// Shift.
    pub shift: bool,
    /// Alt, or Option on a Mac.
    pub alt: bool,
    /// Something is being typed.
    pub typing: bool,
}

impl Pressed {
    fn is(&self, keys: &Keys) -> bool {
        let mut signs = keys.key.chars();
        let sign =
            matches!((signs.next(), signs.next()), (Some(sign), None) if !sign.is_alphabetic());
        self.key.eq_ignore_ascii_case(keys.key)
            && self.control == keys.control
            && self.alt == keys.alt
            // On many keyboards a sign needs Shift.
            && (sign || self.shift == keys.shift)
    }

    /// What it asks of the page. `characters`: single characters count.
    pub fn action(&self, characters: bool) -> Option<Action> {
        let heard = |scope| match scope {
            Scope::Everywhere => true,
            Scope::NotTyping => !self.typing,
            Scope::Character => !self.typing && characters,
            Scope::Control => false,
        };
        SHORTCUTS
            .iter()
            .flat_map(|(_, shortcuts)| shortcuts.iter())
            .find(|shortcut| heard(shortcut.scope) && self.is(&shortcut.keys))
            .map(|shortcut| shortcut.action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Shortcut> {
        SHORTCUTS
            .iter()
            .flat_map(|(_, shortcuts)| shortcuts.to_vec())
            .collect()
    }

    fn pressed(keys: Keys, typing: bool) -> Pressed {
        Pressed {
            key: keys.key.to_uppercase(),
            control: keys.control,
            shift: keys.shift,
            alt: keys.alt,
            typing,
        }
    }

    #[test]
    fn no_two_are_alike() {
        let all = all();
        for (place, one) in all.iter().enumerate() {
            for other in &all[place + 1..] {
                assert!(one.keys != other.keys, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn who_types_is_not_disturbed() {
        let editing = [
            "ArrowLeft",
            "ArrowRight",
            "Home",
            "End",
            "a",
            "c",
            "v",
            "x",
            "z",
        ];
        for shortcut in all() {
            let Keys {
                key, control, alt, ..
            } = shortcut.keys;
            if pressed(shortcut.keys, true).action(true).is_some() {
                assert!(control || alt || key == "Escape", "{shortcut:?}");
                assert!(!editing.contains(&key), "{shortcut:?}");
            }
        }
    }

    #[test]
    fn each_is_heard_where_it_says() {
        for shortcut in all() {
            for (typing, characters) in [(true, true), (false, true), (false, false)] {
                let expected = match shortcut.scope {
                    Scope::Everywhere => true,
                    Scope::NotTyping => !typing,
                    Scope::Character => !typing && characters,
                    Scope::Control => false,
                };
                assert_eq!(
                    pressed(shortcut.keys, typing).action(characters),
                    expected.then_some(shortcut.action),
                    "{shortcut:?}, typing: {typing}, characters: {characters}"
                );
            }
        }
    }

    #[test]
    fn what_the_browser_keeps_for_itself_is_not_taken() {
        // New, close and reopen a tab or window, quit, the developer tools, and reload without a cache.
        for key in ["n", "t", "w", "q", "i", "j", "c", "r"] {
            for keys in [control(key), control_shift(key)] {
                assert_eq!(pressed(keys, false).action(true), None, "{keys:?}");
            }
        }
    }

    #[test]
    fn a_sign_may_need_shift_a_letter_may_not() {
        let question = Pressed {
            shift: true,
            ..pressed(plain("?"), false)
        };
        assert_eq!(question.action(true), Some(Action::Sheet));
        let slash = Pressed {
            shift: true,
            ..pressed(control("/"), true)
        };
        assert_eq!(slash.action(true), Some(Action::Sheet));
        let search = Pressed {
            shift: true,
            ..pressed(control("k"), false)
        };
        assert_eq!(search.action(true), None);
    }
}
