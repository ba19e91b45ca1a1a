// Cashfree's published Node client, unmodified, against the served sandbox.
//
// Usage: node check.js http://HOST:PORT CLIENT_ID CLIENT_SECRET
//
// The client knows one host, https and port 443. `https.request` is led to the sandbox's address; nothing else differs.
"use strict"
const assert = require("assert")
const http = require("http")
const https = require("https")
const path = require("path")

const [base, id, secret] = process.argv.slice(2)
const { hostname, port } = new URL(base)
https.request = (options, done) => http.request({ ...options, hostname, port, agent: undefined }, done)

// From the folder that the check is run in, where the package was installed.
const sdk = require(require.resolve("cashfree-sdk", { paths: [process.cwd()] }))
const Payouts = sdk.Payouts || sdk
const Cashgram = Payouts.Cashgram

const run = "JS" + Date.now()
const inAWeek = new Date(Date.now() + (5.5 + 7 * 24) * 3600e3).toISOString().slice(0, 10).replaceAll("-", "/")
const order = (name, more) => ({
  cashgramId: run + name, amount: "1.00", name: "Asha Menon", phone: "9000000001", linkExpiry: inAWeek, ...more,
})
const login = (clientSecret) => Payouts.Init({ ENV: "TEST", ClientID: id, ClientSecret: clientSecret })
const control = (name, body) =>
  fetch(`${base}/__sim/${name}`, { method: "POST", body: JSON.stringify(body) })

let held = 0
const refused = (reply, code, words) => {
  assert.deepStrictEqual([reply.status, reply.subCode], ["ERROR", code], JSON.stringify(reply))
  assert(reply.message.includes(words), reply.message)
  held += 1
}
const is = (found, wanted) => {
  assert.deepStrictEqual(found, wanted)
  held += 1
}
const status = async (cashgramId) => (await Cashgram.GetCashgramStatus({ cashgramId })).data

async function credentials() {
  login("wrong")
  refused(await Cashgram.CreateCashgram(order("0")), "401", "Invalid clientId and clientSecret combination")
  login(secret)
}

async function createAndAsk() {
  const whole = { email: "asha@example.com", remarks: "test", notifyCustomer: 1 }
  const one = await Cashgram.CreateCashgram(order("1", whole))
  is(one.message, "Cashgram Created")
  assert(one.data.cashgramLink.startsWith("https://sandbox.invalid/"), one.data.cashgramLink)
  const two = await Cashgram.CreateCashgram(order("2", { amount: 1250.5, notifyCustomer: 0 }))
  is(two.subCode, "200")
  refused(await Cashgram.CreateCashgram(order("1")), "409", `Cashgram with id ${run}1 already exists`)
  const { cashgramStatus, referenceId, cashgramLink } = await status(run + "1")
  is([cashgramStatus, referenceId, cashgramLink], ["ACTIVE", one.data.referenceId, one.data.cashgramLink])
  refused(await Cashgram.GetCashgramStatus({ cashgramId: "NOPE" }), "404", "Cashgram with id NOPE does not exist")
}

async function deactivate() {
  refused(await Cashgram.DeactivateCashgram({ cashgramId: "NOPE" }), "404", "Cashgram with id NOPE does not exist")
  const done = await Cashgram.DeactivateCashgram({ cashgramId: run + "1" })
  is(done.message, `Cashgram with id - ${run}1 successfully deactivated!`)
  const again = await Cashgram.DeactivateCashgram({ cashgramId: run + "1" })
  refused(again, "412", "Active cashgrams can only be deactivated")
  is((await status(run + "1")).cashgramStatus, "EXPIRED")
}

async function refusals() {
  refused(await Cashgram.CreateCashgram(order("3", { amount: "0.50" })), "422", "Invalid amount passed.")
  refused(await Cashgram.CreateCashgram(order("3", { phone: "12345" })), "422", "Please provide a valid Phone Number")
  refused(await Cashgram.CreateCashgram(order("3", { notifyCustomer: 2 })), "422", "0 or 1")
}

async function money() {
  await control("redeem", { cashgramId: run + "2" })
  is((await status(run + "2")).cashgramStatus, "REDEEMED")
  const { balance, availableBalance } = (await Payouts.GetBalance({})).data
  assert(balance && availableBalance)
  await control("balance", { balance: "10.00" })
  const dear = await Cashgram.CreateCashgram(order("4", { amount: "10.01" }))
  refused(dear, "412", "Available balance is less than requested cashgram amount.")
  await control("balance", { balance: "1000000.00" })
}

async function aTokenThatDied() {
  await control("clock", { advance_s: 361 })
  is((await Cashgram.CreateCashgram(order("5"))).subCode, "200")
}

(async () => {
  for (const part of [credentials, createAndAsk, deactivate, refusals, money, aTokenThatDied]) await part()
  console.log(`cashfree-sdk ${sdkVersion()} is content with the sandbox: ${held} answers as it expects them`)
})().catch((error) => {
  console.error(error)
  process.exit(1)
})

function sdkVersion() {
  return require(path.join(process.cwd(), "node_modules", "cashfree-sdk", "package.json")).version
}
