// The account form: its fields, its two modes, what can be told about a field before the server is asked.

import { headings, labels } from "./texts.js";

const SHORTEST_PASSWORD = 8;

/** The field each problem is about. */
export const FIELD_OF = {
  "bad-email": "email",
  "account-exists": "email",
  "wrong-password": "password",
  "password-missing": "password",
  "weak-password": "password",
  "password-mismatch": "password-repeat",
};

/**
 * What is wrong with the fields, or null: an id of texts.js's errors. A password is neither trimmed nor
 * normalised; its length counts in characters, not in UTF-16 units.
 */
export function faultOf(mode, { email, password, repeated }) {
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
    return "bad-email";
  }
  if (mode === "signin") {
    return password ? null : "password-missing";
  }
  if ([...password].length < SHORTEST_PASSWORD) {
    return "weak-password";
  }
  return password === repeated ? null : "password-mismatch";
}

export class AccountForm {
  constructor(root = document) {
    const byId = (id) => root.getElementById(id);
    this.page = root.documentElement;
    this.form = byId("account-form");
    this.fields = byId("fields");
    this.email = byId("email");
    this.password = byId("password");
    this.repeat = byId("password-repeat");
    this.submit = byId("submit");
    this.toSignup = byId("to-signup");
    this.toSignin = byId("to-signin");
    this.show = byId("show-password");
    this.heading = byId("heading");
    this.intro = byId("intro");
    this.show.addEventListener("click", () => this.revealPassword(this.password.type === "password"));
    this.revealPassword(false);
  }

  get mode() {
    return this.page.dataset.mode;
  }

  /** Switches the mode. `heading` names the set of headings when it is not the mode's own. */
  setMode(mode, heading = mode) {
    this.page.dataset.mode = mode;
    this.setHeading(heading);
    // Tells the browser's password manager whether to offer a stored password or a new one.
    this.password.autocomplete = mode === "signup" ? "new-password" : "current-password";
    this.offer(this.toSignin, mode === "signup");
    this.markFault(null);
  }

  setHeading(name) {
    const { title, submit, intro } = headings[name];
    this.heading.textContent = title;
    this.submit.textContent = submit;
    this.intro.textContent = intro;
    document.title = `${title} – ${labels.brand}`;
  }

  values() {
    return { email: this.email.value.trim(), password: this.password.value, repeated: this.repeat.value };
  }

  enable(enabled) {
    this.fields.disabled = !enabled;
  }

  /** Both fields turn together: whoever looks at one wants to compare it with the other. */
  revealPassword(visible) {
    for (const field of [this.password, this.repeat]) {
      field.type = visible ? "text" : "password";
    }
    this.show.textContent = labels[visible ? "hide" : "show"];
    this.show.setAttribute("aria-label", labels[visible ? "hide-password" : "show-password"]);
  }

  /** Shows or hides a button that switches the mode, with the question before it. */
  offer(button, shown) {
    button.hidden = !shown;
    button.parentElement.hidden = !shown;
  }

  /** Marks the field a problem is about, so that a screen reader reads the status with it; null marks none. */
  markFault(problem) {
    let faulty = null;
    for (const field of [this.email, this.password, this.repeat]) {
      const isFaulty = field.id === FIELD_OF[problem];
      const describedBy = [
        isFaulty && "status",
        field === this.password && this.mode === "signup" && "password-hint",
      ].filter(Boolean).join(" ");
      setOrRemove(field, "aria-describedby", describedBy);
      setOrRemove(field, "aria-invalid", isFaulty && "true");
      faulty = isFaulty ? field : faulty;
    }
    return faulty;
  }

  forgetPasswords() {
    this.password.value = "";
    this.repeat.value = "";
    this.revealPassword(false);
  }
}

function setOrRemove(node, attribute, value) {
  if (value) {
    node.setAttribute(attribute, value);
  } else {
    node.removeAttribute(attribute);
  }
}
