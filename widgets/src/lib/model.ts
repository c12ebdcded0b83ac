// What a view needs of anywidget's model, typed by hand: the published type is generic over `any`.

export interface Traits {
  locale: string;
  selected: string;
  _group: string;
  _model_key: string;
  _still: Record<string, unknown>;
  _still_data: DataView | null;
  [name: string]: unknown;
}

type Handler = (...parts: never[]) => void;

export interface Model<T extends Traits = Traits> {
  get<K extends keyof T>(name: K): T[K];
  set<K extends keyof T>(name: K, value: T[K]): void;
  save_changes(): void;
  on(event: string, handler: Handler): void;
  off(event?: string | null, handler?: Handler | null): void;
  send(content: unknown): void;
  widget_manager: { get_model(key: string): Promise<{ comm_live?: boolean }> };
}
