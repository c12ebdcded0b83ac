import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Connection, PATIENCE, SILENCE } from "../src/lib/connection";
import type { Model, Traits } from "../src/lib/model";
import type { Acknowledgement, Command } from "../src/lib/schema";
import { joinSelection } from "../src/lib/selection";

/** A model as anywidget hands it out, with a kernel that answers when told to. */
class FakeModel {
  readonly sent: Command[] = [];
  readonly handlers = new Map<string, Set<() => void>>();
  live: boolean | undefined = true;
  constructor(readonly traits: Partial<Traits> = {}) {}

  readonly widget_manager = { get_model: async () => ({ comm_live: this.live }) };

  get(name: string): unknown {
    return this.traits[name] ?? "";
  }
  set(name: string, value: unknown): void {
    this.traits[name] = value;
    this.trigger(`change:${name}`);
  }
  save_changes(): void {}
  on(event: string, handler: () => void): void {
    if (!this.handlers.has(event)) this.handlers.set(event, new Set());
    this.handlers.get(event)?.add(handler);
  }
  off(event: string, handler: () => void): void {
    this.handlers.get(event)?.delete(handler);
  }
  trigger(event: string): void {
    for (const handler of [...(this.handlers.get(event) ?? [])]) handler();
  }
  send(content: unknown): void {
    this.sent.push(content as Command);
  }
  get model(): Model {
    return this as unknown as Model;
  }
}

function answer(model: FakeModel, received: number, applied: number): Acknowledgement {
  const client = model.sent[0]?.client ?? "";
  return {
    type: "acknowledgement",
    received: { [client]: received },
    applied: { [client]: applied },
  };
}

describe("the line to the kernel", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("says hello first, with numbers that grow", () => {
    const model = new FakeModel();
    const line = new Connection(model.model, () => {});
    line.send("pause");
    expect(model.sent.map((c) => [c.command, c.sequence])).toEqual([
      ["hello", 1],
      ["pause", 2],
    ]);
  });

  test("a command is pending from the click until the loop has acted", () => {
    const model = new FakeModel();
    const line = new Connection(model.model, () => {});
    line.send("pause");
    line.acknowledge(answer(model, 2, 0));
    expect(line.isPending("pause")).toBe(true);
    line.acknowledge(answer(model, 2, 2));
    expect(line.isPending("pause")).toBe(false);
  });

  test("without an answer in time the controls are queued, with one they are live again", () => {
    const model = new FakeModel();
    const line = new Connection(model.model, () => {});
    vi.advanceTimersByTime(PATIENCE + 1);
    expect(line.link).toBe("queued");
    line.acknowledge(answer(model, 1, 0));
    expect(line.link).toBe("live");
  });

  test("a kernel that goes away disconnects, and one that never was makes a snapshot", async () => {
    const model = new FakeModel();
    const line = new Connection(model.model, () => {});
    await vi.advanceTimersByTimeAsync(1);
    model.live = false;
    model.trigger("comm_live_update");
    await vi.advanceTimersByTimeAsync(1);
    expect(line.link).toBe("disconnected");
    line.send("pause");
    expect(model.sent.length).toBe(1);

    const saved = new FakeModel();
    saved.live = false;
    const stale = new Connection(saved.model, () => {});
    await vi.advanceTimersByTimeAsync(PATIENCE + 1);
    expect(stale.link).toBe("stale");
  });
});

test("a kernel that falls silent while a loop runs is taken for gone until it is heard", () => {
  vi.useFakeTimers();
  const line = new Connection(new FakeModel().model, () => {});
  line.acknowledge(answer(new FakeModel(), 0, 0));
  line.checkSilence();
  expect(line.link).toBe("live");
  vi.setSystemTime(Date.now() + SILENCE + 1);
  line.checkSilence();
  expect(line.link).toBe("disconnected");
  line.heard();
  expect(line.link).toBe("live");
  vi.useRealTimers();
});

describe("the selection", () => {
  test("is shared by the views of one group, and by no other", () => {
    const heard: Record<string, string[]> = { a: [], b: [], c: [] };
    const models: Record<string, FakeModel> = {};
    const join = (name: string, group: string) => {
      const made = new FakeModel({ _group: group });
      models[name] = made;
      return joinSelection(made.model, (s) => heard[name]?.push(s));
    };
    const a = join("a", "g1");
    const b = join("b", "g1");
    const c = join("c", "");
    a.select("fc0");
    expect([b.selected, c.selected]).toEqual(["fc0", ""]);
    expect(heard).toEqual({ a: ["fc0"], b: ["fc0"], c: [] });
    expect(models.b?.traits.selected, "every view's trait goes along").toBe("fc0");
    for (const bus of [a, b, c]) bus.leave();
  });

  test("reaches the kernel's trait and comes from it", () => {
    const model = new FakeModel({ _group: "g2" });
    const bus = joinSelection(model.model, () => {});
    bus.select("conv0");
    expect(model.traits.selected).toBe("conv0");
    model.set("selected", "pool0");
    expect(bus.selected).toBe("pool0");
    bus.leave();
  });

  test("follows its view into another group", () => {
    const model = new FakeModel({ _group: "" });
    const other = joinSelection(new FakeModel({ _group: "g3" }).model, () => {});
    const bus = joinSelection(model.model, () => {});
    other.select("dense0");
    model.set("_group", "g3");
    expect(bus.selected).toBe("dense0");
    bus.leave();
    other.leave();
  });
});
