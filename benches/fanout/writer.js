// W2 as somebody writes it in an afternoon: for each node that changed a colour, an emoji, a label and a number are put
// together as one string, and the string is written to everybody.
// node writer.js TICKS VIEWERS
"use strict";
const net = require("net");
const [ticksPath, viewersPath] = process.argv.slice(2);
const NODES = 60, CHANGING = 6, COLUMNS = 3;
const EMOJI = ["🔥", "🌊", "🚀", "🐳", "🍀", "⚡", "🧪", "📦", "🎯", "🔧"];
const PLACES = ["東京", "大阪", "上海", "서울", "北京", "札幌"];
const load = new Array(NODES).fill(0);
const viewers = new Set();

function node(index) {
  const row = 6 + Math.floor(index / COLUMNS), column = 3 + (index % COLUMNS) * 40;
  const value = load[index];
  const colour = value > 80 ? "224;85;97" : value > 50 ? "240;160;48" : "61;194;155";
  const label = EMOJI[index % 10] + " " + PLACES[index % 6] + "-" + String(index).padStart(2, "0");
  return "\x1b[" + row + ";" + column + "H\x1b[38;2;" + colour + "m" + label + " " + value.toFixed(1).padStart(5) + "%\x1b[0m";
}

function frame(tick, changed) {
  const marker = (100 + (tick % 900)) / 10;
  let out = "\x1b[?2026h\x1b[2;1Hmarker " + marker.toFixed(1) + "%";
  for (const index of changed) out += node(index);
  return out + "\x1b[?2026l";
}

net.createServer((socket) => {
  viewers.add(socket);
  socket.on("error", () => {});
  socket.on("close", () => viewers.delete(socket));
  socket.write("\x1b[2J");
}).listen(viewersPath);

net.connect(ticksPath).on("data", (bytes) => {
  const tick = Number(bytes.readBigUInt64LE(Math.floor(bytes.length / 8) * 8 - 8));
  const changed = [];
  for (let index = 0; index < CHANGING; index++) {
    const node = (tick * CHANGING + index) % NODES;
    load[node] = (100 * ((tick * 7 + node * 13) % 97)) / 97;
    changed.push(node);
  }
  const text = frame(tick, changed);
  for (const socket of viewers) if (!socket.writableNeedDrain) socket.write(text);
}).on("close", () => process.exit(0));
