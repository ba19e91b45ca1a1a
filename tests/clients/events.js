// Cashfree's published check of an event's signature, unmodified, against our sandbox's events and our receiver.
//
// Usage: node events.js SANDBOX RECEIVER LISTEN_PORT CLIENT_ID CLIENT_SECRET
//
// The sandbox posts its events here. Their check must be content with each; each is passed on to `paysheet webhooks`,
// which must take it. Then both are shown what nobody signed, and what is signed as their check would have it.
"use strict"
const assert = require("assert")
const crypto = require("crypto")
const http = require("http")

const [sandbox, receiver, port, id, secret] = process.argv.slice(2)
const sdk = require(require.resolve("cashfree-sdk", { paths: [process.cwd()] }))
const Payouts = sdk.Payouts || sdk
Payouts.Init({ ENV: "TEST", ClientID: id, ClientSecret: secret })

const FORM = "application/x-www-form-urlencoded"
const read = (type, body) =>
  type.startsWith("application/json") ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
const pass = async (type, body) =>
  (await fetch(receiver, { method: "POST", headers: { "content-type": type }, body })).status
const post = async (path, headers, body) =>
  (await fetch(sandbox + path, { method: "POST", headers, body: body && JSON.stringify(body) })).json()

const seen = []
const server = http.createServer((request, answer) => {
  let body = ""
  request.on("data", (piece) => (body += piece))
  request.on("end", async () => {
    seen.push({ type: request.headers["content-type"], body })
    answer.end("ok")
  })
})

async function createAndLive() {
  const { data } = await post("/payout/v1/authorize", { "x-client-id": id, "x-client-secret": secret })
  const bearer = { authorization: `Bearer ${data.token}`, "content-type": "application/json" }
  const linkExpiry = new Date(Date.now() + 6 * 24 * 3600e3).toISOString().slice(0, 10).replaceAll("-", "/")
  const run = "EV" + Date.now()
  for (const name of ["a", "b", "c"]) {
    const order = { cashgramId: run + name, amount: "1.00", name: "Asha", phone: "9000000001", linkExpiry }
    assert.strictEqual((await post("/payout/v1/createCashgram", bearer, order)).subCode, "200")
  }
  await post("/__sim/redeem", {}, { cashgramId: run + "a" })
  await post("/__sim/reverse", {}, { cashgramId: run + "a" })
  await post("/__sim/expire", {}, { cashgramId: run + "b" })
  await post("/payout/v1/deactivateCashgram", bearer, { cashgramId: run + "c" })
}

async function theirCheckTakesOurEvents() {
  for (let wait = 0; seen.length < 4; wait += 1) {
    assert(wait < 300, `only ${seen.length} events came`)
    await new Promise((done) => setTimeout(done, 100))
  }
  const events = seen.map(({ type, body }) => read(type, body))
  assert.deepStrictEqual(
    events.map((one) => one.event).sort(),
    ["CASHGRAM_EXPIRED", "CASHGRAM_EXPIRED", "CASHGRAM_REDEEMED", "CASHGRAM_TRANSFER_REVERSAL"],
  )
  for (const [at, event] of events.entries()) {
    assert.strictEqual(Payouts.VerifySignature(event), true, JSON.stringify(event))
    assert.strictEqual(await pass(seen[at].type, seen[at].body), 200)
    const forged = { ...event, event: event.event + "X" }
    assert.strictEqual(Payouts.VerifySignature(forged), false)
    assert.strictEqual(await pass(FORM, new URLSearchParams(forged).toString()), 401)
  }
}

// As their SignatureVerification.js computes it; their own check is the judge of that.
const sign = (fields) => {
  const text = Object.keys(fields).sort().map((key) => fields[key]).join("")
  return { ...fields, signature: crypto.createHmac("sha256", secret).update(text).digest("base64") }
}

async function ourReceiverTakesWhatTheySign() {
  const words = ["", "x", "a b", "+&=%", "₹ 1,250.00", "अशा", "2026-10-12 14:05:31", "\"quoted\"", "7300451"]
  for (let round = 0; round < 50; round += 1) {
    const any = () => words[crypto.randomInt(words.length)]
    const event = sign({ event: "CASHGRAM_REDEEMED", cashgramid: `JS${round}`, utr: any(), Zed: any(), reason: any() })
    assert.strictEqual(Payouts.VerifySignature(event), true)
    assert.strictEqual(await pass(FORM, new URLSearchParams(event).toString()), 200)
    assert.strictEqual(await pass("application/json", JSON.stringify(event)), 200)
  }
}

server.listen(port, "127.0.0.1", async () => {
  try {
    await createAndLive()
    await theirCheckTakesOurEvents()
    await ourReceiverTakesWhatTheySign()
    console.log(`cashfree-sdk and paysheet take each other's events: ${seen.length} of the sandbox, 50 of theirs`)
    process.exit(0)
  } catch (error) {
    console.error(error)
    process.exit(1)
  }
})
