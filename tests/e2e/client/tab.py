"""The JavaScript client in a tab of a browser."""

from typing import Any

from playwright.sync_api import BrowserContext

from tests.e2e.client.device import APP, Event

START = """async ([app, user]) => {
    const { default: TIM } = await import('/client/index.js');
    window.heard = [];
    window.within = (promise) => Promise.race([promise, new Promise((_, refuse) => {
        setTimeout(() => refuse(new Error('waited 30 s')), 30_000); // evaluating has no end of its own
    })]);
    window.tim = TIM.create({ SDKAppID: app });
    for (const name of Object.values(TIM.EVENT)) tim.on(name, (event) => heard.push([event.name, event.data ?? null]));
    await within(tim.login({ userID: user, userSig: 'any' }));
    return heard.splice(0);
}"""


class Tab:
    """One page with one instance of the client, of the service's own origin."""

    def __init__(self, context: BrowserContext, url: str, user: str) -> None:
        self.page = context.new_page()
        self.page.goto(f"{url}/healthz")
        self.first: list[Event] = [(name, data) for name, data in self.page.evaluate(START, [APP, user])]
        """What it heard when it logged in."""

    def result(self, method: str, *given: Any) -> Any:
        """Call, and give what the promise resolves to."""
        return self.page.evaluate("([method, given]) => within(tim[method](...given))", [method, given])

    def begin(self, method: str, *given: Any) -> None:
        """Call, and do not wait."""
        self.page.evaluate("([method, given]) => { window.begun = tim[method](...given); }", [method, given])

    def begun(self) -> Any:
        """Wait for the call that was begun."""
        return self.page.evaluate("within(begun)")

    def hears(self, *events: Event) -> None:
        """See that these events came, in this order, and no others."""
        self.page.wait_for_function("count => heard.length >= count", arg=len(events))
        heard = [(name, data) for name, data in self.page.evaluate("heard.splice(0)")]
        assert heard == list(events), f"heard {heard}, expected {events}"

    def groups(self) -> dict[str, list[str]]:
        """Give the groups with their conversations, as this tab knows them."""
        names = self.result("getConversationGroupList")["data"]
        found = {name: self.result("getConversationList", {"groupName": name})["data"] for name in names}
        return {name: [one["conversationID"] for one in data["conversationList"]] for name, data in found.items()}
