// Asks for the server until it is back, then loads the page that was wanted.
const next = document.getElementById("next");
let pause = 1;
let timer;

try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {}

async function attempt() {
  clearTimeout(timer);
  next.textContent = "Trying again …";
  try {
    if ((await fetch("/livez", { cache: "no-store" })).ok) {
      location.reload();
      return;
    }
  } catch {}
  // A few words that change only when something happens: a screen reader says them each time.
  next.textContent = `Not yet. Next try in ${pause} s.`;
  timer = setTimeout(attempt, pause * 1000);
  pause = Math.min(pause * 2, 16);
}

function hurry() {
  pause = 1;
  attempt();
}

document.getElementById("again").addEventListener("click", hurry);
addEventListener("online", hurry);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") hurry();
});
timer = setTimeout(attempt, 1000);
