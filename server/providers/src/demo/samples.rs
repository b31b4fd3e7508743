//! What the demo can be asked to show: code, formulas, everything that markdown has.

/// The sample that a question (in small letters) asks for.
pub(super) fn sample(question: &str) -> Option<&'static str> {
    let asks = |words: &[&str]| words.iter().any(|word| question.contains(word));
    if asks(&["formula", "equation", "latex", "maths"]) {
        return Some(FORMULAS);
    }
    if asks(&["footnote", "everything markdown"]) {
        return Some(MORE);
    }
    if asks(&["code"]) {
        return Some(CODE);
    }
    None
}

const CODE: &str = r#"The same retry, with a wait that grows and a little chance in it, in a few languages.

```rust title="src/retry.rs"
use std::time::Duration;

/// Waits longer after each failure, and never exactly as long as anybody else.
async fn retry<T, E>(limit: u32, mut ask: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    for attempt in 0..limit {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(_) => {
                let most = 500 * 2_u64.pow(attempt); // milliseconds
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..most))).await;
            }
        }
    }
    ask().await
}
```

```python
import asyncio, random

async def retry(ask, limit: int = 3):
    """Tries `ask` again, with full jitter."""
    for attempt in range(limit):
        try:
            return await ask()
        except ConnectionError:
            await asyncio.sleep(random.uniform(0, 0.5 * 2**attempt))
    return await ask()
```

```tsx
export function Retry({ ask, limit = 3 }: { ask: () => Promise<string>; limit?: number }) {
  const [answer, setAnswer] = useState<string | null>(null);
  return <button className="retry" onClick={() => retry(ask, limit).then(setAnswer)}>{answer ?? "Ask"}</button>;
}
```

```sql
-- Which models had to be asked again last week?
SELECT model_name, count(*) AS retries
FROM attempts
WHERE kind = 'retry' AND started_at > now() - INTERVAL '7 days'
GROUP BY model_name
ORDER BY retries DESC;
```

```toml
[resilience]
max_retries = 3            # per model
retry_base_delay = "500ms"
```

```diff
- await ask();
+ await retry(ask, 3);
```

```bash
curl -s localhost:3000/health | jq '.providers[].models[] | select(.circuit.state != "closed")'
```"#;

const FORMULAS: &str = r"How likely is it that a chain of models answers? If model $i$ fails with probability $p_i$, and failures are independent, then

$$
P(\text{answer}) = 1 - \prod_{i=1}^{n} p_i
$$

With three models that each fail once in ten times, \(1 - 0.1^3 = 0.999\). Retries help as well: with $k$ of them the chain fails with

\[
P(\text{no answer}) = \prod_{i=1}^{n} p_i^{\,k+1} \le \left(\max_i p_i\right)^{n(k+1)}
\]

The wait before attempt $a$ is drawn from $[0, b \cdot 2^a)$, so that on average it is

$$
\begin{aligned}
\mathbb{E}[W] &= \sum_{a=0}^{k-1} \frac{b \cdot 2^a}{2} \\
              &= \frac{b}{2} \left( 2^k - 1 \right)
\end{aligned}
$$

A circuit opens by a rule with two cases:

$$
\text{state} = \begin{cases} \text{open} & \text{if } \frac{\text{failures}}{\text{calls}} \ge \theta \\ \text{closed} & \text{otherwise} \end{cases}
\qquad
A = \begin{pmatrix} 1-\alpha & \alpha \\ \beta & 1-\beta \end{pmatrix}
$$

The long run is $\pi A = \pi$, which costs \$5 or $10, depending on the provider.";

const MORE: &str = r#"## Lists in lists

1. first
   - nested
     - and deeper
   - [x] done
   - [ ] to do
2. second, with `code` and ~~what is gone~~

## A table with a wide column

| Reason | Status | What happens | Who can mend it |
|:--|--:|:-:|---|
| `rate_limited` | 429 | the engine waits as long as it is told, or asks the next model of the chain | the provider, or whoever pays |
| `auth_error` | 401 | no retry: the same key fails again | an administrator |

> A quotation
>
> > with another one in it,
> > and a formula: $e^{i\pi} + 1 = 0$

An address by itself is a link: https://example.org/docs, and so is an [ordinary one](https://example.org "with a title").
A picture is not fetched from anywhere: ![a boat](https://example.org/boat.png)

<b>Raw HTML</b> stays text. Footnotes[^1] stand where they were written.

[^1]: Such as this one.

---

A hard break\
ends a line."#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_is_found_by_its_word() {
        for (question, begins) in [
            ("show me some code", "The same retry"),
            ("write a formula", "How likely"),
            ("show me footnotes", "## Lists"),
        ] {
            assert!(
                sample(question).is_some_and(|text| text.starts_with(begins)),
                "{question}"
            );
        }
        assert_eq!(sample("a markdown sample"), None);
    }
}
