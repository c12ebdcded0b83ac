// Where the window looks: pan, zoom, fit. Screen = scene × scale + offset.

const MIN_SCALE = 0.02;
const MAX_SCALE = 4;

export class Camera {
  x = 0;
  y = 0;
  scale = 1;

  /** Show the whole scene; small ones are not blown up beyond their natural size. */
  fit(scene: { width: number; height: number }, width: number, height: number): void {
    const whole = Math.min(width / scene.width, height / scene.height, 1.15);
    this.scale = clamp(whole, MIN_SCALE, MAX_SCALE);
    this.x = (width - scene.width * this.scale) / 2;
    this.y = Math.max(4, (height - scene.height * this.scale) / 2);
  }

  /** Fit the width and start at the top: a deep network read at a legible size. */
  fitWidth(scene: { width: number; height: number }, width: number, height: number): void {
    this.fit(scene, width, height);
    if (this.scale >= 0.6) return;
    this.scale = clamp(Math.min(0.85, width / scene.width), MIN_SCALE, MAX_SCALE);
    this.x = (width - scene.width * this.scale) / 2;
    this.y = 8;
  }

  zoom(factor: number, atX: number, atY: number): void {
    const scale = clamp(this.scale * factor, MIN_SCALE, MAX_SCALE);
    const change = scale / this.scale;
    this.x = atX - (atX - this.x) * change;
    this.y = atY - (atY - this.y) * change;
    this.scale = scale;
  }

  pan(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
  }

  /** Put a point of the scene into the middle of the window. */
  centre(sceneX: number, sceneY: number, width: number, height: number): void {
    this.x = width / 2 - sceneX * this.scale;
    this.y = height / 2 - sceneY * this.scale;
  }

  /** Move as little as needed to show a box; leave the camera alone if it shows already. */
  reveal(box: { x: number; y: number; w: number; h: number }, width: number, height: number): void {
    const left = box.x * this.scale + this.x;
    const top = box.y * this.scale + this.y;
    const right = left + box.w * this.scale;
    const bottom = top + box.h * this.scale;
    const margin = 24;
    if (left < margin) this.x += margin - left;
    else if (right > width - margin) this.x -= right - width + margin;
    if (top < margin) this.y += margin - top;
    else if (bottom > height - margin) this.y -= bottom - height + margin;
  }

  toScene(screenX: number, screenY: number): [number, number] {
    return [(screenX - this.x) / this.scale, (screenY - this.y) / this.scale];
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
