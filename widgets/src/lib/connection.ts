// The view's side of the line to the kernel: commands with numbers, acknowledgements, handshake.
import type { Model } from "./model";
import type { Acknowledgement, Command } from "./schema";

type Name = Command["command"];

/**
 * live          messages arrive
 * queued        the kernel is busy and does not take messages: they act when the cell ends
 * disconnected  the kernel went away; what was drawn stays
 * stale         restored from a saved notebook, there never was a kernel
 */
export type Link = "live" | "queued" | "disconnected" | "stale";

/** A command that has not arrived for so long means a busy kernel, in milliseconds. */
export const PATIENCE = 500;

/** A kernel that says nothing for so long, although a loop runs, is gone; in milliseconds. */
export const SILENCE = 8000;

export class Connection {
  link: Link = "live";
  private readonly client = Math.random().toString(36).slice(2, 10);
  private sequence = 0;
  private received = 0;
  private applied = 0;
  private pendingCommands = new Map<Name, number>();
  private lastHeard = Date.now();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly model: Model,
    private readonly changed: () => void,
  ) {
    model.on("comm_live_update", () => this.checkKernel("disconnected"));
    this.checkKernel("stale");
    this.send("hello");
  }

  send(command: Name, value = 0, text?: string): void {
    if (this.link === "stale" || this.link === "disconnected") return;
    this.sequence += 1;
    const message: Command = { command, value, client: this.client, sequence: this.sequence };
    if (text !== undefined) message.text = text;
    if (command !== "hello" && command !== "pong") {
      this.pendingCommands.set(command, this.sequence);
    }
    this.model.send(message);
    this.timer ??= setTimeout(() => this.judge(), PATIENCE);
    this.changed();
  }

  /** True from the click until the training loop has acted on it. */
  isPending(command: Name): boolean {
    return (this.pendingCommands.get(command) ?? 0) > this.applied;
  }

  /** A message came: whatever was thought of the kernel, it is there. */
  heard(): void {
    this.lastHeard = Date.now();
    if (this.link !== "disconnected") return;
    this.link = "live";
    this.changed();
  }

  /** Called now and then while a loop runs, whose kernel gives a sign of life every 2 s. */
  checkSilence(): void {
    if (this.link !== "live" || Date.now() - this.lastHeard < SILENCE) return;
    this.link = "disconnected";
    this.changed();
  }

  acknowledge(message: Acknowledgement): void {
    this.received = Math.max(this.received, message.received[this.client] ?? 0);
    this.applied = Math.max(this.applied, message.applied[this.client] ?? 0);
    if (this.link === "queued" && this.received === this.sequence) this.link = "live";
    this.changed();
  }

  private judge(): void {
    this.timer = undefined;
    if (this.link === "live" && this.received < this.sequence) {
      this.link = "queued";
      this.changed();
    }
  }

  /** The proxy that anywidget hands out does not say whether there is a kernel; the model does. */
  private async checkKernel(without: "disconnected" | "stale"): Promise<void> {
    const key = this.model.get("_model_key");
    const whole = await this.model.widget_manager.get_model(key).catch(() => undefined);
    if (whole?.comm_live !== false) return;
    this.link = without;
    this.changed();
  }
}
