// The debugger's marks and pictures, without a page.
import { describe, expect, it } from "vitest";
import { marksOf } from "../src/debugger/plan";
import { points, shade } from "../src/debugger/values";
import type { DebuggerPlan, DebuggerStand, DebuggerValue } from "../src/lib/schema";

const step = (line: number, name: string, scope = "") => ({
  ...{ line, name, scope, op: "exp", phase: "forward", device: "cpu(0)", span: "" },
});
const PLAN: DebuggerPlan = {
  title: "net",
  lines: ["def forward():", "  a", "  b", "  c"],
  steps: [step(2, "a", "net/one"), step(3, "b", "net/two"), step(4, "a", "net/one/x")],
};
const START: DebuggerStand = {
  ...{ index: -1, next: 0, reason: "", finished: false, failed: false, error: "" },
  ...{ inputs: [], outputs: [], buffers: [], breaks: [] },
};

describe("marks of the plan", () => {
  it("marks nothing before the first step", () => {
    expect(marksOf(PLAN, START, "").current.size).toBe(0);
    expect(marksOf(PLAN, START, "").selected.size).toBe(0);
  });

  it("marks the line of the step that has run", () => {
    expect([...marksOf(PLAN, { ...START, index: 1 }, "").current]).toEqual([3]);
  });

  it("marks all lines of the selected node, or of a selected block", () => {
    expect([...marksOf(PLAN, START, "a").selected]).toEqual([2, 4]);
    expect([...marksOf(PLAN, START, "net/one").selected]).toEqual([2, 4]);
    expect([...marksOf(PLAN, START, "one").selected]).toEqual([2, 4]);
    expect([...marksOf(PLAN, START, "b gradient").selected]).toEqual([3]);
    expect([...marksOf(PLAN, START, "net/on").selected]).toEqual([]);
  });

  it("marks breakpoints that are on", () => {
    const stop = { number: 1, label: "a", steps: [0, 2], enabled: true, hits: 0 };
    const breaks = [stop, { ...stop, number: 2, steps: [1], enabled: false }];
    expect([...marksOf(PLAN, { ...START, breaks }, "").breaks]).toEqual([2, 4]);
  });
});

describe("pictures", () => {
  it("decodes a byte a point", () => {
    const value = { picture: btoa(String.fromCharCode(0, 127, 255)) } as DebuggerValue;
    expect([...points(value)]).toEqual([0, 127, 255]);
  });

  it("goes from dark to light", () => {
    const light = (level: number) => shade(level).reduce((sum, part) => sum + part, 0);
    expect(shade(0)).toEqual([68, 1, 84]);
    expect(shade(254)).toEqual([253, 231, 37]);
    expect(light(64)).toBeLessThan(light(192));
  });
});
