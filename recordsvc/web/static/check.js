// Checks the code of a certificate in the browser, also from a saved page without network (docs/paper.md).
"use strict";
(() => {
  const DOMAIN = new TextEncoder().encode("recordsvc-certificate/1\0");
  const place = document.getElementById("check");
  const field = document.getElementById("content");
  const found = document.getElementById("found");
  const keys = JSON.parse(place.dataset.keys);
  const RECORD = ["记录", "内容", "等级", "证书编号", "签发单位", "签发日期", "出具时的状态", "原因", "状态起于"];

  const bytes = (text) => {
    if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new Error("form");
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    const again = btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    if (again !== text) throw new Error("form");
    return Uint8Array.from(plain, (one) => one.charCodeAt(0));
  };
  const joined = (first, second) => {
    const all = new Uint8Array(first.length + second.length);
    all.set(first);
    all.set(second, first.length);
    return all;
  };
  const day = (text) => text.replace(/^(\d+)-0?(\d+)-0?(\d+)$/, "$1年$2月$3日");
  const instant = (seconds) =>
    new Intl.DateTimeFormat("zh-CN", { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Shanghai" }).format(
      new Date(seconds * 1000),
    );
  const whole = (value) => Number.isSafeInteger(value) && value >= 0;
  const texts = (values) => values.every((one) => typeof one === "string");

  // What the content says, once its signature holds; an Error names why not.
  const read = async (text) => {
    const parts = text.trim().slice(text.trim().lastIndexOf("#") + 1).split(".");
    if (parts.length !== 3 || parts[0] !== "1") throw new Error("form");
    const [raw, signature] = [bytes(parts[1]), bytes(parts[2])];
    let said;
    try {
      said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
    } catch {
      throw new Error("form");
    }
    if (!Array.isArray(said)) throw new Error("form");
    const [kind, id, number, printed, index, leaf, name, tail, ...facts] = said;
    const fits = kind === "r" ? facts.length === 9 && texts(facts)
      : kind === "a" && facts.length === 3 && whole(facts[0]) && whole(facts[1]) && texts([facts[2]]);
    if (!fits || !texts([id, number, leaf, name, tail]) || !whole(printed) || !(index === null || whole(index))) {
      throw new Error("form");
    }
    const key = keys.find((one) => one.id === id);
    if (!key) throw new Error("key");
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const loaded = await crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: key.x, y: key.y }, curve, false, [
      "verify",
    ]);
    const how = { name: "ECDSA", hash: "SHA-256" };
    if (!(await crypto.subtle.verify(how, loaded, signature, joined(DOMAIN, raw)))) throw new Error("signature");
    if (key.ended_ms && printed * 1000 > key.ended_ms) throw new Error("key-ended");
    return { kind, number, printed, index, name, tail, facts };
  };

  const rows = (said) => {
    const told = [["姓名", said.name], ["证件", said.tail && `尾号 ${said.tail}`]];
    if (said.kind === "r") {
      said.facts.forEach((one, at) => told.push([RECORD[at], day(one)]));
    } else {
      told.push(["列出的记录", `${said.facts[0]} 条，其中出具时有效 ${said.facts[1]} 条`]);
      told.push(["附件指纹", said.facts[2]]);
    }
    told.push(["日志位置", said.index === null ? "" : `第 ${said.index} 号`]);
    told.push(["证明编号", said.number], ["出具时间", instant(said.printed)]);
    return told.filter((one) => one[1]);
  };

  const WHY = {
    form: "内容不完整，或不是证明上的二维码。请重新扫描，把全部内容原样粘贴。",
    key: "签名密钥不在这张页面里。页面可能存得太早：请联网重新打开或下载核验页。",
    signature: "签名与内容不符：内容被改动过。请勿采信这份证明。",
    "key-ended": "签名密钥在所写的出具时间之前已停用。请勿采信这份证明。",
  };
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const show = (good, title, lines, told) => {
    const box = element("div", "", `done ${good ? "good" : "bad"}`);
    box.append(element("h2", title));
    for (const line of lines) box.append(element("p", line));
    found.replaceChildren(box);
    if (!told) return;
    const list = element("dl", "", "rows");
    for (const [label, value] of told) {
      const row = element("div");
      row.append(element("dt", label), element("dd", value));
      list.append(row);
    }
    found.append(list);
  };
  const check = async () => {
    if (!field.value.trim()) return found.replaceChildren();
    try {
      const said = await read(field.value);
      const lines = [
        `以下事实由登记机关签名，截至${instant(said.printed)}。`,
        "此后有无更正或撤销，这里看不出：请联网查询现在的状态。请核对出示人的身份证件。",
      ];
      show(true, "签名相符：出具时的事实", lines, rows(said));
    } catch (error) {
      const why = WHY[error.message] || "这个浏览器不能核对签名，请换一个较新的浏览器。";
      show(false, "没有通过", [why]);
    }
  };
  const take = () => {
    if (location.hash.length > 1) field.value = location.href;
    return check();
  };
  field.addEventListener("input", check);
  addEventListener("hashchange", take);
  take();
})();
