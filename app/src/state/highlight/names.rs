//! What languages are called. It stands apart from how they are written, which is not needed to know that they are known.

/// A language, or several that are written alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// JavaScript, TypeScript, and both with tags.
    Script,
    /// JSON.
    Json,
    /// CSS and what is made into it.
    Css,
    /// SQL in its dialects.
    Sql,
    /// Shells, and what is like them.
    Shell,
    /// C, C++ and their kin.
    C,
    /// C#.
    CSharp,
    /// Java and its kin.
    Java,
    /// Kotlin.
    Kotlin,
    /// Go.
    Go,
    /// Ruby and its kin.
    Ruby,
    /// PHP.
    Php,
    /// Swift.
    Swift,
    /// TOML and INI.
    Toml,
    /// YAML.
    Yaml,
    /// Dockerfiles.
    Dockerfile,
    /// Lua.
    Lua,
    /// Differences.
    Diff,
    /// HTML, XML and their kin.
    Markup,
    /// Markdown.
    Markdown,
}

/// The language that is called this.
pub fn named(name: &str) -> Option<Name> {
    let mut small = [0_u8; 16];
    let small = small.get_mut(..name.len())?;
    small.copy_from_slice(name.as_bytes());
    small.make_ascii_lowercase();
    Some(match std::str::from_utf8(small).ok()? {
        "rust" | "rs" => Name::Rust,
        "python" | "py" | "python3" | "pyi" | "pycon" => Name::Python,
        "javascript" | "js" | "jsx" | "mjs" | "cjs" | "typescript" | "ts" | "tsx" | "mts"
        | "dart" | "node" => Name::Script,
        "json" | "jsonc" | "json5" | "jsonl" | "geojson" => Name::Json,
        "css" | "scss" | "less" | "sass" => Name::Css,
        "sql" | "postgresql" | "postgres" | "pgsql" | "mysql" | "sqlite" | "plsql" | "tsql" => {
            Name::Sql
        }
        "bash" | "sh" | "shell" | "zsh" | "console" | "shell-session" | "fish" | "powershell"
        | "ps1" | "makefile" | "make" => Name::Shell,
        "c" | "h" | "cpp" | "c++" | "cc" | "cxx" | "hpp" | "arduino" | "objective-c" | "objc"
        | "cuda" | "glsl" => Name::C,
        "csharp" | "cs" | "c#" => Name::CSharp,
        "java" | "scala" | "groovy" => Name::Java,
        "kotlin" | "kt" | "kts" => Name::Kotlin,
        "go" | "golang" => Name::Go,
        "ruby" | "rb" | "elixir" => Name::Ruby,
        "php" => Name::Php,
        "swift" => Name::Swift,
        "toml" | "ini" | "cfg" | "conf" | "properties" | "env" | "dotenv" => Name::Toml,
        "yaml" | "yml" => Name::Yaml,
        "dockerfile" | "docker" | "containerfile" => Name::Dockerfile,
        "lua" => Name::Lua,
        "diff" | "patch" => Name::Diff,
        "html" | "htm" | "xml" | "svg" | "xhtml" | "vue" | "svelte" => Name::Markup,
        "markdown" | "md" | "mdx" => Name::Markdown,
        _ => return None,
    })
}
