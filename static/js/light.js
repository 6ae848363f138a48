// The light in the bar, and what it opens: how the saves stand, in words.

const $ = (id) => document.getElementById(id);
const WORDS = { saved: "saved", saving: "saving", retrying: "trying again", offline: "offline", refused: "refused" };
const QUIET = ["saved", "saving"];

export function showLight(outbox) {
  const { state, loggedOut } = outbox;
  const all = outbox.entries();
  const refused = all.filter((entry) => entry.refused);
  const kept = all.length - refused.length;
  const light = $("light");
  const before = light.dataset.state;
  const words = sentence(state, loggedOut, kept, refused.length);
  light.dataset.state = state;
  $("light-words").textContent = loggedOut ? "log in again" : WORDS[state] + (state === "offline" ? ` · ${kept} kept` : "");
  $("outbox-words").textContent = words;
  $("outbox-actions").hidden = !all.length;
  $("outbox-login").hidden = !loggedOut;
  $("outbox-retry").onclick = () => outbox.send();
  $("outbox-refused").replaceChildren(...refused.map((entry) => complaint(entry, outbox)));
  if (state !== before && !(QUIET.includes(state) && QUIET.includes(before))) $("announcer").textContent = words;
}

function sentence(state, loggedOut, kept, refused) {
  const noun = $("light").dataset.noun ?? "judgment";
  const many = kept === 1 ? `One ${noun} is` : `${kept} ${noun}s are`;
  if (loggedOut) return `You are logged out. ${many} kept in this browser, and sent when you have logged in again.`;
  if (refused) return `${refused === 1 ? `One ${noun} was` : `${refused} ${noun}s were`} refused: ${noun === "label" ? "label" : "grade"} again, or let go.`;
  if (state === "saved") return `Every ${noun} is saved.`;
  if (state === "saving") return `${many} on the way.`;
  const why = state === "offline" ? "There is no connection." : "The server does not answer.";
  return `${why} ${many} kept in this browser, and sent as soon as that changes. Go on${noun === "label" ? "" : " judging"}.`;
}

function complaint(entry, outbox) {
  const line = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: entry.url.replace(/\w+\/$/, ""), textContent: entry.refused });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Let it go" });
  button.onclick = () => {
    outbox.discard(entry.name);
    location.reload(); // the server knows what stands
  };
  line.append(link, button);
  return line;
}
