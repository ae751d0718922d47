/**
 * A surface and paths on it in three dimensions. Heights are those of the map's scale, so that both show the same valleys. Draws only when something changed or the
 * camera moves: a still picture costs nothing.
 */
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  Group,
  HemisphereLight,
  type Material,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  PerspectiveCamera,
  Scene,
  SphereGeometry,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { Line2 } from "three/addons/lines/Line2.js";
import { LineGeometry } from "three/addons/lines/LineGeometry.js";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import type { Heights } from "../race/heights.ts";

export interface ReliefPath {
  readonly points: Float64Array;
  readonly values: Float64Array;
  readonly length: number;
  readonly colour: string;
  readonly faint: boolean;
  readonly selected: boolean;
}

export interface ReliefColours {
  readonly ink: string;
  readonly page: string;
  readonly accent: string;
}

export interface Relief {
  drawGround(heights: Heights, colours: ReliefColours): void;
  /** Another `key` starts anew; the same one only replaces what moved. */
  drawPaths(paths: readonly ReliefPath[], heights: Heights, key: string): void;
  dispose(): void;
}

/** Width and depth of the ground, and how high its highest level stands. */
const SIZE = 2;
const HEIGHT = 0.9;
/** Paths float this much above the ground, or its triangles would hide them. */
const LIFT = 0.012;

/** Throws where there is no WebGL. */
export function relief(host: HTMLElement): Relief {
  const renderer = new WebGLRenderer({ antialias: true, alpha: true });
  host.append(renderer.domElement);
  renderer.domElement.setAttribute("aria-hidden", "true");
  const scene = new Scene();
  const camera = new PerspectiveCamera(38, 1, 0.01, 50);
  camera.position.set(1.25, 2.25, 2.1);
  const controls = new OrbitControls(camera, renderer.domElement);
  controls.target.set(0, 0.2, 0);
  controls.enableDamping = false;
  scene.add(new HemisphereLight(0xffffff, 0x777c85, 1.5));
  const sun = new DirectionalLight(0xffffff, 1.5);
  sun.position.set(-2, 4, 1);
  scene.add(sun);
  const paths = new Group();
  scene.add(paths);
  let ground: Mesh<BufferGeometry, MeshStandardMaterial> | undefined;
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      controls.update();
      renderer.render(scene, camera);
    });
  };
  controls.addEventListener("change", ask);
  const resize = () => {
    const [w, h] = [Math.max(1, host.clientWidth), Math.max(1, host.clientHeight)];
    renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    renderer.setSize(w, h, false);
    renderer.domElement.style.cssText = "width:100%;height:100%;display:block";
    camera.aspect = w / h;
    camera.updateProjectionMatrix();
    ask();
  };
  const observer = new ResizeObserver(resize);
  observer.observe(host);
  resize();

  return {
    drawGround(heights, colours) {
      if (ground !== undefined) {
        scene.remove(ground);
        ground.geometry.dispose();
        ground.material.dispose();
      }
      ground = new Mesh(
        groundGeometry(heights, colours),
        new MeshStandardMaterial({ vertexColors: true, side: DoubleSide, roughness: 0.85, metalness: 0 }),
      );
      scene.add(ground);
      ask();
    },
    drawPaths(shown, heights) {
      for (const child of [...paths.children]) {
        paths.remove(child);
        if (!(child instanceof Mesh)) continue;
        child.geometry.dispose();
        (child.material as Material).dispose();
      }
      for (const path of shown) drawPath(paths, path, heights);
      ask();
    },
    dispose() {
      observer.disconnect();
      controls.dispose();
      renderer.dispose();
      renderer.domElement.remove();
    },
  };
}

/** Where a point of the plane and its level stand in the scene. */
function placeOf({ box, count }: Heights, x: number, y: number, level: number): [number, number, number] {
  const aspect = (box.y[1] - box.y[0]) / (box.x[1] - box.x[0]);
  const depth = SIZE * Math.min(2, Math.max(0.5, aspect));
  const u = (x - box.x[0]) / (box.x[1] - box.x[0]) - 0.5;
  const v = (y - box.y[0]) / (box.y[1] - box.y[0]) - 0.5;
  const height = Math.min(1.05, Math.max(-0.05, level / count)) * HEIGHT;
  return [u * SIZE, height - HEIGHT / 3, -v * depth];
}

function groundGeometry(heights: Heights, { ink, page, accent }: ReliefColours): BufferGeometry {
  const { box, columns, rows, levels, count } = heights;
  const positions = new Float32Array(3 * columns * rows);
  const colours = new Float32Array(3 * columns * rows);
  const [low, high] = [
    new Color(page).lerp(new Color(accent), 0.75),
    new Color(page).lerp(new Color(ink), 0.16),
  ];
  const colour = new Color();
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const k = j * columns + i;
      const x = box.x[0] + ((box.x[1] - box.x[0]) * i) / (columns - 1);
      const y = box.y[0] + ((box.y[1] - box.y[0]) * j) / (rows - 1);
      const level = Number.isNaN(levels[k]!) ? count : levels[k]!;
      positions.set(placeOf(heights, x, y, level), 3 * k);
      // every other level a little darker: contours in the colour itself
      colour.copy(low).lerp(high, Math.min(1, Math.max(0, level / count)));
      if (Math.floor(level) % 2 !== 0) colour.multiplyScalar(0.93);
      colours.set([colour.r, colour.g, colour.b], 3 * k);
    }
  }
  const index = new Uint32Array(6 * (columns - 1) * (rows - 1));
  let at = 0;
  for (let j = 0; j + 1 < rows; j++) {
    for (let i = 0; i + 1 < columns; i++) {
      const k = j * columns + i;
      index.set([k, k + 1, k + columns, k + 1, k + columns + 1, k + columns], at);
      at += 6;
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("color", new BufferAttribute(colours, 3));
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.computeVertexNormals();
  return geometry;
}

const MOST_POINTS = 2_000;

function drawPath(group: Group, path: ReliefPath, heights: Heights): void {
  const { points, values, length, colour, faint, selected } = path;
  const { box, toLevel } = heights;
  const isIn = (x: number, y: number) => x >= box.x[0] && x <= box.x[1] && y >= box.y[0] && y <= box.y[1];
  const stride = Math.max(1, Math.ceil(length / MOST_POINTS));
  const places: number[] = [];
  let head: [number, number, number] | undefined;
  for (let k = 0; k < length; k += stride) {
    const [x, y] = [points[2 * k]!, points[2 * k + 1]!];
    if (!isIn(x, y)) continue;
    const [px, py, pz] = placeOf(heights, x, y, toLevel(values[k]!));
    places.push(px, py + LIFT, pz);
    head = [px, py + LIFT, pz];
  }
  if (head === undefined) return;
  const material = new LineMaterial({
    color: new Color(colour).getHex(),
    linewidth: faint ? 1 : selected ? 3.4 : 2.4, // pixels
    transparent: faint,
    opacity: faint ? 0.4 : 1,
  });
  if (places.length >= 6) group.add(new Line2(new LineGeometry().setPositions(places), material));
  if (faint) return;
  const ball = new Mesh(
    new SphereGeometry(selected ? 0.026 : 0.02, 16, 12),
    new MeshBasicMaterial({ color: new Color(colour) }),
  );
  ball.position.set(...head);
  group.add(ball);
}
