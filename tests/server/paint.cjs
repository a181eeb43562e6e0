// A third-party JavaScript client, unchanged: queue a workflow, follow it, fetch its pictures into a folder.
//
//     node paint.cjs HOST:PORT WORKFLOW.json FOLDER
//
// Prints the messages it saw and the names of the pictures.
const fs = require("node:fs");
const path = require("node:path");
const WebSocket = require("ws");
const { Client } = require("@stable-canvas/comfyui-client");

async function main([host, workflow, folder]) {
  const client = new Client({ api_host: host, WebSocket, fetch });
  const seen = new Set();
  for (const name of ["executing", "progress", "executed"]) client.on(name, () => seen.add(name));
  client.connect();
  const { images } = await client.enqueue(JSON.parse(fs.readFileSync(workflow, "utf8")));
  const pictures = [];
  for (const image of images) {
    const bytes = image.type === "url" ? await (await fetch(image.data)).arrayBuffer() : image.data;
    pictures.push(`picture-${pictures.length}.png`);
    fs.writeFileSync(path.join(folder, pictures.at(-1)), Buffer.from(bytes));
  }
  console.log(JSON.stringify({ seen: [...seen], pictures }));
  client.close();
}

main(process.argv.slice(2));
