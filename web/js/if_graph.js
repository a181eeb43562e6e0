// Colours by what a node does, and widths that show its widgets in full; only for nodes that are added anew,
// since a workflow's own colours and sizes are set after this.
import { app } from "../../../scripts/app.js";

const LOOKS = {
  "DeepFloyd IF/load": { color: "#2a363b", bgcolor: "#3f5159", width: 300 },
  "DeepFloyd IF/text": { color: "#223322", bgcolor: "#335533", width: 320 },
  "DeepFloyd IF/sampling": { color: "#222233", bgcolor: "#333355", width: 300 },
  "DeepFloyd IF/image": { color: "#332922", bgcolor: "#593930", width: 260 },
  "DeepFloyd IF/finish": { color: "#322947", bgcolor: "#473a66", width: 260 },
};

app.registerExtension({
  name: "ifGraph.looks",
  nodeCreated(node) {
    const look = LOOKS[node.constructor.nodeData?.category];
    if (!look) return;
    node.color = look.color;
    node.bgcolor = look.bgcolor;
    node.setSize([Math.max(look.width, node.size[0]), node.size[1]]);
  },
});
