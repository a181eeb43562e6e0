// Graphs drawn in the real editor, one for each thing an editor file can hold. record.py saves what the
// editor writes for each (NAME.ui.json) and what it would send to a server (NAME.api.json).

const add = (type, values = {}, graph = app.graph) => {
  const node = LiteGraph.createNode(type);
  node.pos = [300 * graph._nodes.length, 0];
  graph.add(node);
  for (const [name, value] of Object.entries(values)) {
    node.widgets.find((widget) => widget.name === name).value = value;
  }
  return node;
};
const place = (node, name) => node.inputs.findIndex((input) => input.name === name);
const link = (source, slot, target, name) => source.connect(slot, target, place(target, name));
const mode = (node, value) => Object.assign(node, { mode: value });
const MUTED = 2, BYPASSED = 4;

// Rig Noise Image -> (Rig Add ...) -> Save Image, the trunk that most cases grow on.
const trunk = (...ks) => {
  const noise = add("RigNoise");
  const adders = ks.map((k) => add("RigAdd", { k }));
  const save = add("SaveImage");
  let last = noise;
  for (const next of adders) { link(last, 0, next, "image"); last = next; }
  link(last, 0, save, "images");
  return { noise, adders, save };
};
const fold = (...nodes) => app.graph.convertToSubgraph(new Set(nodes));
const promote = ({ subgraph }, inner, name) => {
  const input = inner.inputs[place(inner, name)];
  const slot = subgraph.addInput(name, input.type);
  slot.connect(input, inner);
};
const inside = (folded, type) => folded.subgraph.nodes.filter((node) => node.type === type);

const CASES = {
  seed_fixed() { add("RigNoise", { seed: 7, control_after_generate: "fixed", mode: "gray" }); },
  seed_increment() { add("RigNoise", { seed: 2 ** 50, control_after_generate: "increment" }); },
  widget_order() {
    const many = add("RigMany", {
      text: "some words", count: 9, noise_seed: 123, ratio: 0.25, sampler: "heun", flag: false, style: "plain",
      name: "n", seed: 11, color: "#00ff00", tail: 13,
    });
    many.widgets.find((w) => w.name === "control_after_generate#2").value = "increment-wrap";
    many.widgets.find((w) => w.name === "control_filter_list").value = "/e/";
    link(add("RigNoise"), 0, many, "image");
  },
  upload_before_optional() { add("RigLoad", { file: "dog.png", scale: 2, suffix: "end" }); add("LoadImage"); },
  multi_select() { add("RigTags", { tags: ["a", "c"], last: 4 }); },
  text_kinds() { add("RigText", { plain: "{a|b} // kept", wild: "w", note: "# n", long: "l", as_text: "t" }); },
  dynamic_prompts() {
    add("RigText", { wild: "a {cat|cat}, {x{1|1}|x1} \\{kept\\} // gone\nsecond /* gone\n too */ line" });
  },
  linked_widgets() {
    const many = add("RigMany"), number = add("RigNumber");
    for (const [slot, name] of [[0, "count"], [1, "ratio"], [2, "text"], [0, "forced"], [1, "either"], [0, "seed"]]) {
      link(number, slot, many, name);
    }
  },
  linked_widget_muted() {
    const { adders } = trunk(4);
    link(mode(add("RigNumber"), MUTED), 0, adders[0], "k");
  },
  linked_widget_bypassed() {
    const { adders } = trunk(4), number = add("RigNumber"), through = add("RigNumber");
    link(number, 0, through, "value");
    link(mode(through, BYPASSED), 0, adders[0], "k");
  },
  primitive_number() {
    const { adders } = trunk(1, 2), primitive = add("PrimitiveNode");
    link(primitive, 0, adders[0], "k");
    link(primitive, 0, adders[1], "k");
    primitive.widgets[0].value = 41;
    primitive.widgets[1].value = "increment";
  },
  primitive_choice_and_text() {
    const { noise, save } = trunk(1), choice = add("PrimitiveNode"), text = add("PrimitiveNode");
    link(choice, 0, noise, "mode");
    link(text, 0, save, "filename_prefix");
    choice.widgets[0].value = "gray";
    text.widgets[0].value = "from primitive";
  },
  primitive_for_a_socket() {
    const many = add("RigMany"), primitive = add("PrimitiveNode");
    link(primitive, 0, many, "forced");
    if (primitive.widgets?.length) primitive.widgets[0].value = 6;
  },
  primitive_through_reroute() {
    const { adders } = trunk(3), primitive = add("PrimitiveNode"), reroute = add("Reroute");
    primitive.connect(0, reroute, 0);
    link(reroute, 0, adders[0], "k");
  },
  primitive_muted() {
    const { adders } = trunk(3), primitive = add("PrimitiveNode");
    link(primitive, 0, adders[0], "k");
    primitive.widgets[0].value = 8;
    mode(primitive, MUTED);
  },
  primitive_alone() { trunk(3); add("PrimitiveNode"); },
  primitive_class() {
    const { adders } = trunk(3);
    link(add("PrimitiveInt", { value: 12 }), 0, adders[0], "k");
  },
  reroutes_in_a_row() {
    const { noise, adders } = trunk(1), first = add("Reroute"), second = add("Reroute");
    noise.connect(0, first, 0);
    first.connect(0, second, 0);
    link(second, 0, adders[0], "image");
  },
  reroute_from_nowhere() { const { adders } = trunk(1); link(add("Reroute"), 0, adders[0], "image"); },
  reroute_of_a_bypassed_node() {
    const { adders } = trunk(1, 2, 3), reroute = add("Reroute");
    mode(adders[1], BYPASSED).connect(0, reroute, 0);
    link(reroute, 0, adders[2], "image");
  },
  reroute_bypassed() {
    const { noise, adders } = trunk(1), reroute = mode(add("Reroute"), BYPASSED);
    noise.connect(0, reroute, 0);
    link(reroute, 0, adders[0], "image");
  },
  native_reroutes() {
    trunk(1);
    const [first] = app.graph.links.values();
    app.graph.createReroute([100, 100], app.graph.createReroute([50, 50], first));
  },
  notes_and_groups() {
    trunk(1);
    add("Note", { text: "a note" });
    add("MarkdownNote", { text: "# a note" });
    const group = new LGraphGroup("Everything");
    group.pos = [-50, -100];
    group.size = [2000, 600];
    app.graph.add(group);
  },
  titles_flags_and_packs() {
    const { noise, adders } = trunk(1);
    noise.title = "My noise %ü";
    Object.assign(noise.properties, { cnr_id: "rig-pack", ver: "1.2.3" });
    Object.assign(adders[0].properties, { aux_id: "someone/rig", ver: "0a1b2c3" });
    adders[0].flags = { collapsed: true, pinned: true };
    adders[0].color = "#232";
  },
  muted_first() { mode(trunk(1, 2).noise, MUTED); },
  muted_output() { mode(trunk(1).save, MUTED); },
  bypassed_in_a_row() { const { adders } = trunk(1, 2, 3); mode(adders[0], BYPASSED); mode(adders[1], BYPASSED); },
  bypassed_first() { mode(trunk(1).noise, BYPASSED); },
  bypassed_by_type() {
    const { noise, adders } = trunk(1, 2), fork = mode(add("RigFork"), BYPASSED);
    link(add("RigMask"), 0, fork, "mask");
    link(noise, 0, fork, "image");
    link(fork, 0, adders[1], "image");
  },
  bypassed_second_output() {
    const fork = mode(add("RigFork"), BYPASSED), show = add("PreviewAny"), again = add("RigFork");
    link(add("RigMask"), 0, fork, "mask");
    link(add("RigNoise"), 0, fork, "image");
    link(fork, 1, show, "source");
    link(fork, 1, again, "mask");
    link(fork, 2, again, "extra");
  },
  bypassed_without_a_match() {
    const fork = mode(add("RigFork"), BYPASSED), sampler = add("KSampler");
    link(add("RigMask"), 0, fork, "mask");
    link(fork, 2, sampler, "latent_image");
  },
  bypassed_through_any() {
    const { noise, adders } = trunk(1), fork = mode(add("RigFork"), BYPASSED), sampler = add("KSampler");
    link(noise, 0, fork, "extra");
    link(fork, 2, sampler, "latent_image");
    link(fork, 0, adders[0], "image");
  },
  bypassed_one_after_another_by_type() {
    const { noise, save } = trunk(), first = mode(add("RigFork"), BYPASSED), second = mode(add("RigFork"), BYPASSED);
    link(add("RigMask"), 0, first, "mask");
    link(noise, 0, first, "image");
    link(first, 0, second, "extra");
    link(second, 0, save, "images");
  },
  subgraph_of_two() { const { adders } = trunk(1, 2, 3); fold(adders[0], adders[1]); },
  subgraph_twice() {
    const { adders, save } = trunk(1, 2), folded = fold(...adders);
    const twin = LiteGraph.createNode(folded.subgraph.id);
    app.graph.add(twin);
    folded.node.connect(0, twin, 0);
    twin.connect(0, save, 0);
  },
  subgraph_nested() {
    const { adders } = trunk(1, 2, 3), inner = fold(adders[0], adders[1]);
    fold(inner.node, adders[2]);
  },
  subgraph_promoted_twice() {
    const { adders } = trunk(1, 2), folded = fold(...adders);
    promote(folded, adders.length && inside(folded, "RigAdd")[0], "k");
    promote(folded, inside(folded, "RigAdd")[1], "k");
    folded.node.widgets[0].value = 50;
    folded.node.widgets[1].value = 60;
  },
  subgraph_promoted_per_instance() {
    const { adders, save } = trunk(1), folded = fold(...adders);
    promote(folded, inside(folded, "RigAdd")[0], "k");
    const twin = LiteGraph.createNode(folded.subgraph.id);
    app.graph.add(twin);
    folded.node.connect(0, twin, 0);
    twin.connect(0, save, 0);
    folded.node.widgets[0].value = 70;
    twin.widgets[0].value = 80;
  },
  subgraph_promoted_nested() {
    const { adders } = trunk(1, 2), inner = fold(adders[0]);
    promote(inner, inside(inner, "RigAdd")[0], "k");
    inner.node.widgets[0].value = 33;
    const outer = fold(inner.node, adders[1]);
    promote(outer, outer.subgraph.nodes.find((node) => node.isSubgraphNode()), "k");
    outer.node.widgets[0].value = 44;
  },
  subgraph_promoted_seed_and_choice() {
    const { noise } = trunk(1), folded = fold(noise), member = inside(folded, "RigNoise")[0];
    for (const name of ["mode", "seed", "width"]) promote(folded, member, name);
    for (const [name, value] of [["mode", "gray"], ["seed", 99], ["width", 128]]) {
      folded.node.widgets.find((widget) => widget.name === name).value = value;
    }
  },
  subgraph_promoted_and_linked() {
    const { adders } = trunk(1), folded = fold(...adders);
    promote(folded, inside(folded, "RigAdd")[0], "k");
    folded.node.widgets[0].value = 50;
    link(add("RigNumber"), 0, folded.node, "k");
  },
  subgraph_promoted_and_primitive() {
    const { adders } = trunk(1), folded = fold(...adders), primitive = add("PrimitiveNode");
    promote(folded, inside(folded, "RigAdd")[0], "k");
    folded.node.widgets[0].value = 50;
    link(primitive, 0, folded.node, "k");
    if (primitive.widgets?.length) primitive.widgets[0].value = 61;
  },
  subgraph_promoted_and_linked_to_muted() {
    const { adders } = trunk(1), folded = fold(...adders);
    promote(folded, inside(folded, "RigAdd")[0], "k");
    folded.node.widgets[0].value = 50;
    link(mode(add("RigNumber"), MUTED), 0, folded.node, "k");
  },
  subgraph_with_virtual_members() {
    const { noise, adders } = trunk(1, 2), primitive = add("PrimitiveNode"), reroute = add("Reroute");
    link(primitive, 0, adders[0], "k");
    primitive.widgets[0].value = 77;
    adders[0].connect(0, reroute, 0);
    link(reroute, 0, adders[1], "image");
    fold(...adders, primitive, reroute, add("Note"));
  },
  subgraph_with_muted_member() { const { adders } = trunk(1, 2, 3); mode(adders[1], MUTED); fold(...adders); },
  subgraph_with_bypassed_member() { const { adders } = trunk(1, 2, 3); mode(adders[1], BYPASSED); fold(...adders); },
  subgraph_muted() { const { adders } = trunk(1, 2); mode(fold(adders[0]).node, MUTED); },
  subgraph_bypassed() { const { adders } = trunk(1, 2); mode(fold(adders[0]).node, BYPASSED); },
  subgraph_with_two_outputs() {
    const fork = add("RigFork"), show = add("PreviewAny"), save = add("SaveImage"), mask = add("RigMask");
    link(mask, 0, fork, "mask");
    link(add("RigNoise"), 0, fork, "image");
    link(fork, 0, save, "images");
    link(fork, 1, show, "source");
    fold(fork, mask);
  },
  file_name_parts() {
    const { noise, adders, save } = trunk(6), muted = mode(add("RigNumber", { value: 3 }), MUTED);
    noise.title = "Titled";
    muted.title = "Quiet";
    link(add("RigNumber"), 0, adders[0], "k");
    save.widgets[0].value = "%date:yyyy-MM-dd hh:mm:ss yy M d yyy%/%RigNoise.width%_%Titled.mode%_%Quiet.value%"
      + "_%RigAdd.k%_%Nobody.k%_%RigNoise.none%_%width%_%a.b.c%";
  },
  file_name_unsafe() {
    const { save } = trunk(1);
    add("RigText", { plain: "a/b:c*d?\"<e>|f\\g" });
    save.widgets[0].value = "%RigText.plain%.%RigText.wild%";
  },
  version_1() {
    const { adders } = trunk(1, 2, 3);
    const [first] = app.graph.links.values();
    app.graph.createReroute([50, 50], first);
    fold(adders[1]);
    mode(adders[2], BYPASSED);
    return app.graph.asSerialisable();
  },
  version_1_promoted() {
    const { adders } = trunk(1), folded = fold(...adders);
    promote(folded, inside(folded, "RigAdd")[0], "k");
    folded.node.widgets[0].value = 21;
    return app.graph.asSerialisable();
  },
  // Files as older editors wrote them: no sockets for fields unless they were converted by hand.
  old_without_field_sockets() {
    trunk(5);
    return withoutFieldSockets(app.graph.serialize());
  },
  old_converted_field() {
    const { adders } = trunk(5);
    link(add("RigNumber"), 0, adders[0], "k");
    return withoutFieldSockets(app.graph.serialize());
  },
  old_values_cut_short() {
    trunk(5);
    const drawn = app.graph.serialize();
    drawn.nodes.forEach((node) => { node.widgets_values = node.widgets_values?.slice(0, 2); delete node.widgets_values_named; });
    return drawn;
  },
  old_proxy_widgets() {
    const { adders } = trunk(1, 2), folded = fold(...adders);
    const drawn = app.graph.serialize();
    const [inner] = drawn.definitions.subgraphs[0].nodes.filter((node) => node.widgets_values[0] === 2);
    const shell = drawn.nodes.find((node) => node.type === folded.subgraph.id);
    shell.properties.proxyWidgets = [[String(inner.id), "k"]];
    return drawn;
  },
  old_proxy_widgets_with_values() {
    const drawn = CASES.old_proxy_widgets();
    drawn.nodes.find((node) => node.properties.proxyWidgets).widgets_values = [90];
    return drawn;
  },
  old_proxy_widgets_of_itself() {
    const { adders } = trunk(1, 2), folded = fold(...adders);
    const [first, second] = inside(folded, "RigAdd");
    promote(folded, second, "k");
    return proxied(folded, [["-1", "k"], [String(first.id), "k"]], [91, 92]);
  },
  old_proxy_widgets_nested() {
    const { adders } = trunk(1, 2), inner = fold(adders[0]);
    promote(inner, inside(inner, "RigAdd")[0], "k");
    inner.node.widgets[0].value = 33;
    const outer = fold(inner.node, adders[1]);
    const [shell] = outer.subgraph.nodes.filter((node) => node.isSubgraphNode());
    return proxied(outer, [[String(shell.id), "k"]], [93]);
  },
  old_proxy_widgets_of_a_primitive() {
    const { adders } = trunk(1, 2), primitive = add("PrimitiveNode");
    for (const adder of adders) link(primitive, 0, adder, "k");
    const folded = fold(...adders, primitive);
    const [member] = inside(folded, "PrimitiveNode");
    return proxied(folded, [[String(member.id), "value"]], [94]);
  },
  old_proxy_widgets_of_two_instances() {
    const { adders, save } = trunk(1), folded = fold(...adders), [member] = inside(folded, "RigAdd");
    const twin = LiteGraph.createNode(folded.subgraph.id);
    app.graph.add(twin);
    folded.node.connect(0, twin, 0);
    twin.connect(0, save, 0);
    return proxied(folded, [[String(member.id), "k"]], [95], [96]);
  },
  bypassed_any_after_any() {
    const first = mode(add("RigFork"), BYPASSED), second = mode(add("RigFork"), BYPASSED), sampler = add("KSampler");
    link(add("RigMask"), 0, first, "mask");
    link(add("RigNoise"), 0, first, "image");
    link(first, 0, second, "extra");
    link(second, 2, sampler, "latent_image");
  },
  bypassed_outside_a_subgraph() {
    const { noise, adders } = trunk(1), fork = mode(add("RigFork"), BYPASSED), sampler = add("KSampler");
    link(noise, 0, fork, "image");
    link(fork, 0, adders[0], "image");
    link(fork, 2, sampler, "latent_image");
    fold(adders[0], sampler);
  },
  subgraph_promoted_choice() {
    const { noise } = trunk(1), folded = fold(noise), member = inside(folded, "RigNoise")[0];
    promote(folded, member, "mode");
    for (const [name, value] of [["mode", "gray"], ["seed", 98]]) {
      folded.node.widgets.find((widget) => widget.name === name).value = value;
    }
  },
  dynamic_prompts_from_a_primitive() {
    const text = add("RigText"), primitive = add("PrimitiveNode");
    link(primitive, 0, text, "wild");
    primitive.widgets[0].value = "a {dog|dog} // gone";
  },
  dynamic_prompts_promoted() {
    const text = add("RigText"), show = add("PreviewAny");
    link(text, 0, show, "source");
    const folded = fold(text);
    const [member] = inside(folded, "RigText");
    if (!folded.node.widgets.some((widget) => widget.name === "wild")) promote(folded, member, "wild");
    folded.node.widgets.find((widget) => widget.name === "wild").value = "a {dog|dog} // kept?";
  },
  file_name_of_several() {
    const { noise, adders, save } = trunk(5, 6), primitive = add("PrimitiveNode");
    adders[1].title = "Second";
    noise.title = "RigAdd";
    link(primitive, 0, adders[0], "k");
    primitive.widgets[0].value = 17;
    primitive.title = "Number";
    fold(adders[1]);
    save.widgets[0].value = "%RigAdd.k%_%Second.k%_%Number.value%_%RigAdd.mode%_%date:yyyy.MM%_%date:%";
  },
  file_name_of_another_class() { add("SaveRig", { filename_prefix: "%RigNumber.value%" }); add("RigNumber"); },
  values_out_of_range() {
    add("RigNoise", { width: 5, height: 99999, mode: "no such" });
    add("RigAdd", { k: 1.5 });
  },
};

// What editors wrote before promoted fields were inputs: a list of fields, their values on each instance.
const proxied = (folded, fields, ...values) => {
  const drawn = app.graph.serialize();
  drawn.nodes.filter((node) => node.type === folded.subgraph.id).forEach((shell, i) => {
    shell.properties.proxyWidgets = fields;
    shell.widgets_values = values[i];
    delete shell.widgets_values_named;
  });
  return drawn;
};

const withoutFieldSockets = (drawn) => {
  for (const node of drawn.nodes) {
    delete node.widgets_values_named;
    node.inputs = node.inputs?.filter((input) => !input.widget || input.link !== null);
    node.inputs?.forEach((input, slot) => {
      const found = drawn.links.find(([key]) => key === input.link);
      if (found) found[4] = slot;
    });
  }
  return drawn;
};

const EMPTY = { last_node_id: 0, last_link_id: 0, nodes: [], links: [], groups: [], config: {}, extra: {}, version: 0.4 };

window.drawCase = async (name) => {
  await app.loadGraphData(structuredClone(EMPTY));
  return JSON.stringify(CASES[name]() ?? app.graph.serialize());
};
window.sentFor = async (drawn) => {
  await app.loadGraphData(JSON.parse(drawn));
  return (await app.graphToPrompt()).output;
};
window.caseNames = Object.keys(CASES);
