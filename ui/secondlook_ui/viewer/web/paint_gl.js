// Layers onto a canvas by WebGL2: codes and the table are textures, a pixel looks itself up.

import { SQUARES, rectangle } from "./layers.js";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const MOST_BYTES = 192 * 1024 * 1024;
const VERTEX = `#version 300 es
in vec2 corner; void main() { gl_Position = vec4(corner, 0, 1); }`;
const FRAGMENT = `#version 300 es
precision highp float; precision highp int; precision highp usampler2D;
uniform usampler2D codes, table;
uniform vec2 origin, step_; uniform ivec2 size; uniform float height;
uniform bool smooth_; uniform int channels;
out vec4 shown;
float grey(uint code) { return float(texelFetch(table, ivec2(int(code) & 255, int(code) >> 8), 0).r); }
vec3 at(ivec2 place) {
  uvec4 found = texelFetch(codes, clamp(place, ivec2(0), size - 1), 0);
  return channels == 1 ? vec3(grey(found.r)) : vec3(grey(found.r), grey(found.g), grey(found.b));
}
void main() {
  vec2 place = (vec2(gl_FragCoord.x, height - gl_FragCoord.y) - origin) / step_;
  vec3 colour;
  if (smooth_) {
    vec2 from = place - 0.5, part = fract(from); ivec2 corner = ivec2(floor(from));
    colour = mix(mix(at(corner), at(corner + ivec2(1, 0)), part.x),
                 mix(at(corner + ivec2(0, 1)), at(corner + ivec2(1, 1)), part.x), part.y);
  } else colour = at(ivec2(floor(place)));
  shown = vec4(colour / 255.0, 1);
}`;

/** Null where there is no WebGL2, or none that is faster than the canvas itself.
 * @param {HTMLCanvasElement} canvas */
export function glPainter(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, depth: false });
  if (!gl) return null;
  const named = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  if (SOFTWARE.test(renderer)) return null;
  try {
    return new GlPainter(gl);
  } catch {
    return null;
  }
}

class GlPainter {
  kind = "webgl2";

  constructor(gl) {
    this.gl = gl;
    this.most = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.program = compiled(gl);
    this.place = {};
    for (const name of ["codes", "table", "origin", "step_", "size", "height", "smooth_", "channels"]) {
      this.place[name] = gl.getUniformLocation(this.program, name);
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(this.program, "corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.table = texture(gl);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8UI, 256, 256, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, null);
    /** @type {Map<any, {texture: WebGLTexture, bytes: number}>} */
    this.textures = new Map();
    this.bytes = 0;
  }

  get lost() {
    return this.gl.isContextLost();
  }

  /** @param {any} said of the frame @param {import("./layers.js").Layer[]} layers
   * @param {Uint8Array} table @param {boolean} fresh whether the table is another one than before
   * @param {import("./view.js").Placed} at @param {import("./view.js").Box} box */
  draw(said, layers, table, fresh, at, box) {
    const { gl, place } = this;
    gl.viewport(0, 0, box.width, box.height);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(this.program);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.table);
    if (fresh) {
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 256, 256, gl.RED_INTEGER, gl.UNSIGNED_BYTE, table);
    }
    gl.uniform1i(place.codes, 0);
    gl.uniform1i(place.table, 1);
    gl.uniform1f(place.height, box.height);
    gl.enable(gl.SCISSOR_TEST);
    gl.activeTexture(gl.TEXTURE0);
    for (const layer of layers) this.#layer(said, layer, at, box);
  }

  /** Until what was drawn is there: for measuring. */
  finish() {
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  close() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #layer(said, layer, at, box) {
    const { gl, place } = this;
    const { left, top, right, bottom } = rectangle(layer, said, at, box);
    if (right <= left || bottom <= top) return;
    gl.bindTexture(gl.TEXTURE_2D, this.#texture(layer));
    gl.scissor(left, box.height - bottom, right - left, bottom - top);
    gl.uniform2f(place.origin, at.left + layer.x * at.sx, at.top + layer.y * at.sy);
    gl.uniform2f(place.step_, at.sx * layer.step, at.sy * layer.step);
    gl.uniform2i(place.size, layer.level.columns, layer.level.rows);
    gl.uniform1i(place.smooth_, at.sx * layer.step < SQUARES ? 1 : 0);
    gl.uniform1i(place.channels, layer.channels);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #texture({ level, channels }) {
    const { gl } = this;
    const found = this.textures.get(level);
    if (found) {
      this.textures.delete(level);
      this.textures.set(level, found);
      return found.texture;
    }
    const made = texture(gl);
    const wide = level.codes.BYTES_PER_ELEMENT === 2;
    const [inside, format] = channels === 3 ? [gl.RGB8UI, gl.RGB_INTEGER] : [wide ? gl.R16UI : gl.R8UI, gl.RED_INTEGER];
    const type = wide ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE;
    gl.texImage2D(gl.TEXTURE_2D, 0, inside, level.columns, level.rows, 0, format, type, level.codes);
    this.textures.set(level, { texture: made, bytes: level.codes.byteLength });
    this.bytes += level.codes.byteLength;
    for (const [old, { texture, bytes }] of this.textures) {
      if (this.bytes <= MOST_BYTES || old === level) break;
      gl.deleteTexture(texture);
      this.textures.delete(old);
      this.bytes -= bytes;
    }
    return made;
  }
}

function texture(gl) {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
    gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  }
  return made;
}

function compiled(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error("no shader");
  return program;
}
