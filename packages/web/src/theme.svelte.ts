/**
 * Light, dark, or as the system says. The choice stays on this machine, in the browser's storage, and is the one thing that is not in the address:
 * a link should not change how somebody else's screen looks.
 */

export const THEMES = ["system", "light", "dark"] as const;
export type ThemeName = (typeof THEMES)[number];

const KEY = "thalweg-theme";

function remembered(): ThemeName {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find((name) => name === kept) ?? "system";
  } catch {
    return "system"; // storage is forbidden
  }
}

const darkQuery = matchMedia("(prefers-color-scheme: dark)");

class Theme {
  choice: ThemeName = $state(remembered());
  private systemIsDark = $state(darkQuery.matches);

  constructor() {
    darkQuery.addEventListener("change", ({ matches }) => {
      this.systemIsDark = matches;
    });
    this.apply();
  }

  /** For drawings on a canvas, which know no style sheet. */
  get isDark(): boolean {
    return this.choice === "dark" || (this.choice === "system" && this.systemIsDark);
  }

  choose(choice: ThemeName): void {
    this.choice = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // the choice then lasts as long as the page
    }
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.choice;
  }
}

export const theme = new Theme();
