// Where a drawing stands on the page, and how it moves when the host makes a new place for it.

/**
 * JupyterLab renders an output anew when its saved picture is replaced: it empties the place of
 * the view and asks for another view. The drawing moves there, and nothing of what a user did is
 * lost: an open table, a zoomed axis, the keyboard's focus.
 */
export class Place {
  private host: HTMLElement | undefined;
  private seen = false;
  private focused: HTMLElement | undefined;

  constructor(
    private readonly root: HTMLElement,
    /** Ends the drawing; called when its last place is gone. */
    private readonly end: () => void,
  ) {
    root.addEventListener("focusin", (event) => {
      this.focused = event.target as HTMLElement;
    });
    root.addEventListener("focusout", () => queueMicrotask(() => this.forget()));
  }

  /** True once the host has taken the place off the page, by itself and not with its cell. */
  get lost(): boolean {
    return this.seen && this.host?.parentNode === null;
  }

  /** Move to `host`; returns the cleanup of that place. */
  take(host: HTMLElement): () => void {
    this.host = host;
    host.append(this.root);
    requestAnimationFrame(() => this.settle());
    return () => {
      if (this.host !== host) return;
      this.end();
      this.root.remove();
    };
  }

  /** The drawing may be on the page now: give it the focus back that it lost with its place. */
  settle(): void {
    if (!this.root.isConnected) return;
    this.seen = true;
    if (document.activeElement === document.body) this.focused?.focus({ preventScroll: true });
  }

  private forget(): void {
    // What is taken off the page loses the focus too: that is not the user's leaving.
    const left = !this.root.contains(document.activeElement);
    if (left && !this.lost) this.focused = undefined;
  }
}
