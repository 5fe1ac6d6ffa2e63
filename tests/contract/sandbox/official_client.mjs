// Drives the local Notion with the official JavaScript client; prints one JSON line for each check.
// argv: url, token, person token, parent page id. Each name says the fact it rests on (notion-api.md).
import { Client, collectPaginatedAPI, isFullPage, isFullDataSource, isFullDatabase, isFullUser } from "@notionhq/client"

const [, , baseUrl, auth, personAuth, parentPage] = process.argv
const make = (options) =>
  new Client({ auth, baseUrl, notionVersion: "2026-03-11", retry: false, logLevel: "error", logger: () => {}, ...options })
const notion = make({})
const person = make({ auth: personAuth })
const older = make({ notionVersion: "2025-09-03" })
const text = (content) => [{ type: "text", text: { content } }]
const equal = (found, wanted) => {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${a} instead of ${b}`)
}
const refused = async (promise, code, status) => {
  const error = await promise.then(
    () => { throw new Error("was not refused") },
    (reason) => reason,
  )
  equal([error.code, error.status], [code, status])
  return error
}
const checks = []
const check = (name, act) => checks.push([name, act])

let database, source, other, row, ids
const schema = {
  Name: { title: {} },
  Text: { rich_text: {} },
  Score: { number: { format: "euro" } },
  Done: { checkbox: {} },
  Day: { date: {} },
  Tier: { select: { options: [{ name: "gold", color: "yellow" }] } },
  Tags: { multi_select: {} },
  State: { status: {} },
  Owner: { people: {} },
  Home: { url: {} },
  Mail: { email: {} },
  Phone: { phone_number: {} },
  Files: { files: {} },
  Made: { created_time: {} },
  Editor: { last_edited_by: {} },
  ID: { unique_id: { prefix: "J" } },
}
check("users/me is the bot (10)", async () => equal((await notion.users.me({})).type, "bot"))
check("a person's token acts as the person (cli.md)", async () => equal((await person.users.me({})).type, "person"))
check("users are listed whole (16)", async () => {
  const users = await collectPaginatedAPI(notion.users.list, { page_size: 2 })
  equal(users.length, 5)
  equal(users.every(isFullUser), true)
})
check("a database is made without schema on it (9)", async () => {
  database = await notion.databases.create({
    parent: { type: "page_id", page_id: parentPage },
    title: text("From JavaScript"),
    initial_data_source: { properties: schema },
  })
  equal(isFullDatabase(database), true)
  equal("properties" in database, false)
  source = database.data_sources[0].id
})
check("the data source has the schema, the title last (16)", async () => {
  const found = await notion.dataSources.retrieve({ data_source_id: source })
  equal(isFullDataSource(found), true)
  equal(Object.keys(found.properties).at(-1), "Name")
  ids = Object.fromEntries(Object.entries(found.properties).map(([name, each]) => [name, each.id]))
  equal(ids.Name, "title")
})
check("a database id is no data source id (1.1)", () =>
  refused(notion.dataSources.retrieve({ data_source_id: database.id }), "object_not_found", 404))
check("a row shows every property (2.1)", async () => {
  row = await notion.pages.create({ parent: { data_source_id: source }, properties: { Name: { title: text("first") } } })
  equal(isFullPage(row), true)
  equal(Object.keys(row.properties).length, Object.keys(schema).length)
})
check("a row knows data source and database (1.1)", () =>
  equal(row.parent, { type: "data_source_id", data_source_id: source, database_id: database.id }))
check("page times end in :00.000Z (4)", () => equal(/:00\.000Z$/.test(row.created_time), true))
check("database times keep milliseconds (4)", () => equal(/\.\d{3}\+00:00$/.test(database.created_time), true))
const written = async (name, value) => {
  const kind = Object.keys(schema[name])[0]
  const page = await notion.pages.update({ page_id: row.id, properties: { [name]: { [kind]: value } } })
  return page.properties[name][kind]
}
const roundTrips = [
  ["Score", 42, 42], ["Score", 0.1, 0.1], ["Score", null, null], ["Done", true, true], ["Done", false, false],
  ["Home", "https://example.com", "https://example.com"], ["Home", null, null], ["Mail", "a@b.c", "a@b.c"],
  ["Mail", null, null], ["Phone", "+1 555", "+1 555"], ["Phone", null, null], ["Tags", [], []], ["Text", [], []],
  ["Files", [], []], ["Owner", [], []], ["Day", null, null], ["Tier", null, null],
  ["Day", { start: "2026-07-01" }, { start: "2026-07-01", end: null, time_zone: null }],
  ["Day", { start: "2026-07-01", end: "2026-07-03" }, { start: "2026-07-01", end: "2026-07-03", time_zone: null }],
  ["Day", { start: "2026-07-25T16:57:33.424Z" }, { start: "2026-07-25T16:57:00.000+00:00", end: null, time_zone: null }],
  ["Day", { start: "2026-07-25T16:57:33", time_zone: "Europe/London" },
    { start: "2026-07-25T16:57:00.000+01:00", end: null, time_zone: null }],
]
for (const [name, sent, shown] of roundTrips)
  check(`${name} ${JSON.stringify(sent)} comes back as known (8)`, async () => equal(await written(name, sent), shown))
check("equal neighbours are merged (3)", async () => {
  const runs = await written("Text", [...text("a".repeat(2000)), ...text("b")])
  equal(runs.map((run) => run.plain_text.length), [2001])
})
check("2,000 units ending in an emoji are taken (3)", async () =>
  equal((await written("Text", text("x".repeat(1998) + "🔴")))[0].plain_text.length, 2000))
check("2,001 units are refused (3)", async () => {
  const error = await refused(written("Text", text("x".repeat(1999) + "🔴")), "validation_error", 400)
  equal(error.message.includes("text.content.length should be ≤ `2000`, instead was `2001`"), true)
})
check("101 runs are refused (3)", () => refused(written("Text", Array(101).fill(text("x")[0])), "validation_error", 400))
check("an unknown option is made (2.3)", async () => equal((await written("Tier", { name: "silver" })).name, "silver"))
check("a comma in an option is refused (2.3)", async () => {
  const error = await refused(written("Tier", { name: "High, really" }), "validation_error", 400)
  equal(error.message, "Invalid select option, commas not allowed: High, really")
})
check("multi_select keeps its order (2.1)", async () =>
  equal((await written("Tags", [{ name: "b" }, { name: "a" }])).map((each) => each.name), ["b", "a"]))
check("status null is the default (2.2)", async () => equal((await written("State", null)).name, "Not started"))
check("status options are never made (2.3)", () => refused(written("State", { name: "Odd" }), "validation_error", 400))
check("an unknown property is refused (2.1)", async () => {
  const error = await refused(
    notion.pages.update({ page_id: row.id, properties: { Zed: { number: 1 } } }), "validation_error", 400)
  equal(error.message, "Zed is not a property that exists.")
})
check("a wrong type is refused (2.1)", async () => {
  const error = await refused(
    notion.pages.update({ page_id: row.id, properties: { Score: { rich_text: [] } } }), "validation_error", 400)
  equal(error.message, "Score is expected to be number.")
})
for (const name of ["Made", "Editor", "ID"])
  check(`${name} is read-only (2.2)`, () => refused(written(name, null), "validation_error", 400))
check("values may be keyed by encoded id (2.1)", async () => {
  const page = await notion.pages.update({ page_id: row.id, properties: { [ids.Score]: { number: 8 } } })
  equal(page.properties.Score.number, 8)
})
check("filter_properties takes encoded ids (1.3)", async () => {
  const page = await notion.pages.retrieve({ page_id: row.id, filter_properties: [ids.Score] })
  equal(Object.keys(page.properties), ["Score"])
})
check("a scalar item is shown whole (2.4)", async () =>
  equal((await notion.pages.properties.retrieve({ page_id: row.id, property_id: ids.Score })).number, 8))
check("a text item is a list (2.4)", async () =>
  equal((await notion.pages.properties.retrieve({ page_id: row.id, property_id: ids.Name })).type, "property_item"))
check("the bot is the author, the person the editor (10)", async () => {
  const page = await person.pages.update({ page_id: row.id, properties: { Done: { checkbox: true } } })
  equal(page.last_edited_by.id, (await person.users.me({})).id)
  equal(page.created_by.id, (await notion.users.me({})).id)
})
check("archived is shown before 2026-03-11 only (1.1)", async () => {
  equal("archived" in (await notion.pages.retrieve({ page_id: row.id })), false)
  equal((await older.pages.retrieve({ page_id: row.id })).archived, false)
})
check("archived is refused under 2026-03-11 (1.1)", () =>
  refused(notion.request({ path: `pages/${row.id}`, method: "patch", body: { archived: true } }), "validation_error", 400))
check("unknown body keys are refused (1.1)", () =>
  refused(notion.request({ path: "search", method: "post", body: { colour: "red" } }), "validation_error", 400))
check("an unknown path is refused (11)", () =>
  refused(notion.request({ path: "invalid", method: "get" }), "invalid_request_url", 400))
check("a wrong token is refused (11)", () => refused(make({ auth: "nope" }).users.me({}), "unauthorized", 401))
check("a wrong id is refused (11)", () => refused(notion.pages.retrieve({ page_id: "foo" }), "validation_error", 400))
check("a missing page is a 404 (11)", () =>
  refused(notion.pages.retrieve({ page_id: "00000000-0000-0000-0000-000000000000" }), "object_not_found", 404))
check("24 more rows", async () => {
  for (let number = 0; number < 24; number++)
    await notion.pages.create({
      parent: { data_source_id: source },
      properties: { Name: { title: text(`row ${number}`) }, Score: { number }, Tier: { select: { name: "gold" } } },
    })
})
const query = (body) => notion.dataSources.query({ data_source_id: source, ...body })
check("paging brings every row once (3)", async () => {
  const rows = await collectPaginatedAPI(notion.dataSources.query, { data_source_id: source, page_size: 7 })
  equal(new Set(rows.map((each) => each.id)).size, 25)
})
check("a complete result has no request_status (3)", async () => equal("request_status" in (await query({})), false))
check("page_size over 100 is refused (3)", () => refused(query({ page_size: 101 }), "validation_error", 400))
check("a wrong cursor is refused (4)", () => refused(query({ start_cursor: "x" }), "validation_error", 400))
const counts = [
  [{ property: "Score", number: { greater_than: 19 } }, 4],
  [{ property: "Score", number: { less_than_or_equal_to: 3 } }, 4],
  [{ property: "Score", number: { equals: 8 } }, 2],
  [{ property: "Score", number: { does_not_equal: 8 } }, 23],
  [{ property: "Score", number: { is_empty: true } }, 0],
  [{ property: "Name", title: { starts_with: "ROW 1" } }, 11],
  [{ property: "Name", title: { equals: "row 7" } }, 1],
  [{ property: "Name", title: { ends_with: "7" } }, 2],
  [{ property: "Name", rich_text: { does_not_contain: "row" } }, 1],
  [{ property: "Text", rich_text: { is_empty: true } }, 24],
  [{ property: "Text", rich_text: { is_not_empty: true } }, 1],
  [{ property: "Tier", select: { equals: "gold" } }, 24],
  [{ property: "Tier", select: { does_not_equal: "gold" } }, 1],
  [{ property: "Tags", multi_select: { contains: "a" } }, 1],
  [{ property: "Tags", multi_select: { does_not_contain: "a" } }, 24],
  [{ property: "Done", checkbox: { equals: false } }, 24],
  [{ property: "Day", date: { is_not_empty: true } }, 1],
  [{ property: "Day", date: { on_or_after: "2026-07-25" } }, 1],
  [{ property: "Day", date: { before: "2026-07-25T15:57:00Z" } }, 0],
  [{ property: "State", status: { equals: "Not started" } }, 25],
  [{ property: "Owner", people: { is_empty: true } }, 25],
  [{ property: "Files", files: { is_empty: true } }, 25],
  [{ property: "ID", unique_id: { less_than: 4 } }, 3],
  [{ timestamp: "last_edited_time", last_edited_time: { past_week: {} } }, 25],
  [{ timestamp: "created_time", created_time: { before: "2020-01-01" } }, 0],
  [{ and: [{ property: "Score", number: { greater_than: 3 } }, { property: "Score", number: { less_than: 6 } }] }, 2],
  [{ or: [{ property: "Score", number: { equals: 1 } }, { and: [{ property: "Score", number: { equals: 2 } }] }] }, 2],
]
for (const [filter, count] of counts)
  check(`filter ${JSON.stringify(filter)} (16)`, async () => equal((await query({ filter })).results.length, count))
check("a filter on no property is refused (11)", async () => {
  const error = await refused(query({ filter: { property: "Zed", number: { equals: 1 } } }), "validation_error", 400)
  equal(error.message, "Could not find property with name or id: Zed")
})
check("a sort on no property is refused (11)", async () => {
  const error = await refused(query({ sorts: [{ property: "Zed", direction: "ascending" }] }), "validation_error", 400)
  equal(error.message, "Could not find sort property with name or id: Zed")
})
for (const [direction, first] of [["ascending", 0], ["descending", 23]])
  check(`sorted ${direction} (4)`, async () => {
    const found = await query({ sorts: [{ property: "Score", direction }] })
    equal(found.results[0].properties.Score.number, first)
  })
check("a dual relation makes the other side (2.3)", async () => {
  const made = await notion.databases.create({
    parent: { page_id: parentPage },
    title: text("Linked"),
    initial_data_source: { properties: { Name: { title: {} }, To: { relation: { data_source_id: source, dual_property: {} } } } },
  })
  other = made.data_sources[0].id
  const found = await notion.dataSources.retrieve({ data_source_id: source })
  equal(found.properties["Related to Linked (To)"].relation.dual_property.synced_property_name, "To")
})
check("a relation shows on both sides (2.3)", async () => {
  const page = await notion.pages.create({
    parent: { data_source_id: other }, properties: { To: { relation: [{ id: row.id }] } },
  })
  equal(page.properties.To, { ...page.properties.To, relation: [{ id: row.id }], has_more: false })
  const back = await notion.pages.retrieve({ page_id: row.id })
  equal(back.properties["Related to Linked (To)"].relation, [{ id: page.id }])
})
check("a rename keeps the id (2.1)", async () => {
  const found = await notion.dataSources.update({ data_source_id: source, properties: { [ids.Score]: { name: "Points" } } })
  equal(found.properties.Points.id, ids.Score)
})
check("a dropped property is gone (2.3)", async () => {
  const found = await notion.dataSources.update({ data_source_id: source, properties: { Home: null } })
  equal("Home" in found.properties, false)
})
check("an empty patch changes nothing (2.1)", async () =>
  equal((await notion.dataSources.update({ data_source_id: source, properties: {} })).id, source))
check("the title cannot be dropped (2.3)", () =>
  refused(notion.dataSources.update({ data_source_id: source, properties: { Name: null } }), "validation_error", 400))
check("search finds by title (16)", async () => {
  const found = await notion.search({ query: "from java", filter: { property: "object", value: "data_source" } })
  equal(found.results.map((each) => each.id), [source])
})
check("trash is not queried (6)", async () => {
  equal((await notion.pages.update({ page_id: row.id, in_trash: true })).in_trash, true)
  equal((await query({})).results.some((each) => each.id === row.id), false)
})
check("a trashed page can be read (6)", async () => equal((await notion.pages.retrieve({ page_id: row.id })).in_trash, true))
check("a trashed page cannot be edited (6)", async () => {
  const error = await refused(written("Done", true), "validation_error", 400)
  equal(error.message, "Can't edit block that is archived. You must unarchive the block before editing.")
})
check("a page comes back from the trash (6)", async () =>
  equal((await notion.pages.update({ page_id: row.id, in_trash: false })).in_trash, false))
check("deleting a block of a page trashes it (16)", async () =>
  equal((await notion.blocks.delete({ block_id: row.id })).type, "child_page"))
check("children are appended and listed (9)", async () => {
  const paragraph = { paragraph: { rich_text: text("hello") } }
  await notion.blocks.children.append({ block_id: parentPage, children: [paragraph] })
  const listed = await collectPaginatedAPI(notion.blocks.children.list, { block_id: parentPage })
  equal(listed.filter((each) => each.type === "paragraph").length, 1)
})
check("a comment is made and listed (9)", async () => {
  const made = await notion.comments.create({ parent: { page_id: parentPage }, rich_text: text("hello") })
  equal((await notion.comments.list({ block_id: parentPage })).results.map((each) => each.id), [made.id])
})
check("a trashed database takes its rows along (6)", async () => {
  await notion.databases.update({ database_id: database.id, in_trash: true })
  equal((await notion.dataSources.retrieve({ data_source_id: source })).in_trash, true)
})

for (const [name, act] of checks) {
  const error = await Promise.resolve().then(act).then(() => null, (reason) => String(reason?.message ?? reason))
  console.log(JSON.stringify({ name, error }))
}
