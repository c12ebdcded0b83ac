// The frame around every view: one store per model, any number of drawings of it.
import { Connection } from "./connection";
import { decodeTables, Strings, type Table } from "./decode";
import { element, setData } from "./dom";
import { scheduler } from "./frames";
import { type Locale, resolveLocale, type Translate, translator } from "./i18n";
import type { Model, Traits } from "./model";
import { Place } from "./place";
import type { Acknowledgement, Frame, Ping } from "./schema";
import { joinSelection, type SelectionBus } from "./selection";
import { onThemeChange, readTheme, type Theme } from "./theme";

/** What a view keeps of the frames it received. */
export interface Store {
  receive(frame: Frame, tables: Record<string, Table>, strings: Strings): void;
  /** True while the kernel should be heard every few seconds. */
  readonly lively?: boolean;
}

export interface Context<S, T extends Traits> {
  model: Model<T>;
  store: S;
  root: HTMLDivElement;
  connection: Connection;
  selection: SelectionBus;
  translate: Translate;
  locale: Locale;
  /** The host's colours; read anew when the host changes them. */
  theme(): Theme;
  /** Ask for a drawing at the next animation frame. */
  invalidate(): void;
}

export interface Drawing {
  draw(): void;
  dispose(): void;
}

export interface Definition<S extends Store, T extends Traits> {
  /** CSS class suffix: `dl-monitor`. */
  name: string;
  label(translate: Translate): string;
  store(model: Model<T>): S;
  drawing(context: Context<S, T>): Drawing;
}

type Message = Frame | Acknowledgement | Ping;

/** Wait so long before asking again for what was missed, in milliseconds. */
const RESYNC_PAUSE = 1000;
/** How often to look whether the kernel has fallen silent, in milliseconds. */
const WATCHDOG_PAUSE = 2000;

/**
 * The default export of an entry. The store lives in this closure because anywidget gives
 * `initialize` and `render` different proxies of the model.
 */
export function defineWidget<S extends Store, T extends Traits>(definition: Definition<S, T>) {
  return () => {
    let session: Session<S, T>;
    return {
      initialize({ model }: { model: Model<T> }) {
        session = new Session(definition, model);
        return () => session.dispose();
      },
      render({ model, el }: { model: Model<T>; el: HTMLElement }) {
        return session.render(model, el);
      },
    };
  };
}

class Session<S extends Store, T extends Traits> {
  private readonly store: S;
  private readonly strings = new Strings();
  private readonly connection: Connection;
  private readonly selection: SelectionBus;
  private readonly listeners = new Set<() => void>();
  private readonly places = new Set<Place>();
  private readonly watchdog: ReturnType<typeof setInterval>;
  private nextSequence = 0;
  private lastResync = 0;

  constructor(
    private readonly definition: Definition<S, T>,
    model: Model<T>,
  ) {
    this.store = definition.store(model);
    this.restore(model);
    const plain = model as unknown as Model;
    this.selection = joinSelection(plain, () => this.notify());
    model.on("msg:custom", (message: Message, buffers: DataView[]) =>
      this.hear(message, buffers[0]),
    );
    this.connection = new Connection(plain, () => this.notify());
    this.watchdog = setInterval(() => {
      if (this.store.lively) this.connection.checkSilence();
    }, WATCHDOG_PAUSE);
  }

  dispose(): void {
    clearInterval(this.watchdog);
    this.selection.leave();
    this.listeners.clear();
  }

  /** Show the view in `el`: one that lost its place there, with all a user did to it, or a new one. */
  render(model: Model<T>, el: HTMLElement): () => void {
    const place = [...this.places].find((known) => known.lost) ?? this.open(model);
    return place.take(el);
  }

  private open(model: Model<T>): Place {
    const locale = resolveLocale(model.get("locale"));
    const translate = translator(locale);
    const label = this.definition.label(translate);
    const root = element("div", {
      class: `dl-root dl-${this.definition.name}`,
      role: "region",
      "aria-label": label,
      lang: locale,
    });
    const frames = scheduler(() => {
      setData(root, "connection", this.connection.link);
      setData(root, "selected", this.selection.selected);
      drawing.draw();
    });
    const { store, connection, selection } = this;
    const invalidate = () => frames.invalidate();
    let colours: Theme | undefined;
    const theme = () => {
      colours ??= readTheme(root);
      return colours;
    };
    const themed = () => {
      colours = undefined;
      setData(root, "dark", String(theme().dark));
      invalidate();
    };
    const shared = { model, store, root, connection, selection, translate, locale };
    const drawing = this.definition.drawing({ ...shared, theme, invalidate });
    const endTheme = onThemeChange(themed);
    // Redraw on news, on a change of theme and of size. The first size comes when the element is
    // on the page: only then has it colours.
    const resize = new ResizeObserver(() => {
      place.settle();
      themed();
    });
    this.listeners.add(invalidate);
    const place = new Place(root, () => {
      this.places.delete(place);
      this.listeners.delete(invalidate);
      endTheme();
      resize.disconnect();
      frames.cancel();
      drawing.dispose();
    });
    resize.observe(root);
    this.places.add(place);
    return place;
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }

  private hear(message: Message, bytes: DataView | undefined): void {
    this.connection.heard();
    if (message.type === "acknowledgement") this.connection.acknowledge(message);
    else if (message.type === "ping") this.connection.send("pong");
    else if (message.type === "frame") this.take(message, bytes);
  }

  private take(frame: Frame, bytes: DataView | undefined): void {
    const complete = frame.reset || frame.sequence === this.nextSequence;
    if (!complete || !this.strings.add(frame.strings.start, frame.strings.added)) {
      this.resync();
      return;
    }
    this.nextSequence = frame.sequence + 1;
    const empty = new DataView(new ArrayBuffer(0));
    this.store.receive(frame, decodeTables(frame, bytes ?? empty), this.strings);
    this.notify();
  }

  /** A view that opened late, or missed a frame, asks for everything once more. */
  private resync(): void {
    const now = Date.now();
    if (now - this.lastResync < RESYNC_PAUSE) return;
    this.lastResync = now;
    this.connection.send("hello");
  }

  /** The last durable state: drawn at once when a page is reloaded or a saved notebook opened. */
  private restore(model: Model<T>): void {
    const still = model.get("_still") as unknown as Frame;
    if (still.type === "frame") this.take(still, model.get("_still_data") ?? undefined);
  }
}
