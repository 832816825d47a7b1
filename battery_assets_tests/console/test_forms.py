"""Forms without a script: what they enter is kept, and nobody's form but ours is taken."""

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.operations.incidents import shown
from battery_assets.console.forms import TOKEN
from battery_assets_tests.worlds.console.night import CODE

BETA = "INC-2025-BETA"


def entries(console, code: str = CODE) -> list[tuple[str, str, str | None]]:
    """What was entered of an incident: who, what, words."""
    _, rows = shown(console.warehouse, code)
    return [(row["entered_by"], row["action"], row["note"]) for row in rows]


def test_an_incident_s_life_from_acknowledging_to_opening_again(console):
    visitor = console.visitor("operator")
    visitor.get(f"/incidents/{CODE}")
    page = visitor.send(f"/incidents/{CODE}/acknowledge", words="on my way")
    assert visitor.page.url.path == f"/incidents/{CODE}"
    assert "Acknowledged" in page.text
    assert "operator acknowledged" in page.text
    assert "Entered." in page.text
    visitor.send(f"/incidents/{CODE}/assign", to="noi@example.org")
    visitor.send(f"/incidents/{CODE}/note", words="smells of acid <b>")
    visitor.send(f"/incidents/{CODE}/analyse", words="dry", cause="DRY-OUT")
    page = visitor.send(f"/incidents/{CODE}/resolve", words="jar replaced", at="")
    assert "Resolved" in page.text
    assert "smells of acid &lt;b&gt;" in page.text
    assert "Noi" in page.text
    page = visitor.send(f"/incidents/{CODE}/reopen", words="it is warm again")
    assert f"/incidents/{CODE}/resolve" in page.forms
    assert entries(console) == [
        ("operator", "acknowledge", "on my way"),
        ("operator", "assign", None),
        ("operator", "note", "smells of acid <b>"),
        ("operator", "analyse", "dry"),
        ("operator", "resolve", "jar replaced"),
        ("operator", "reopen", "it is warm again"),
    ]
    assert "acknowledged" in visitor.get("/incidents").text


@pytest.mark.parametrize("action", ["note", "analyse", "resolve"])
def test_an_entry_without_words_is_refused_and_says_why(console, action):
    visitor = console.visitor("operator")
    visitor.get(f"/incidents/{BETA}")
    said = visitor.send(f"/incidents/{BETA}/{action}", words="  ")
    assert visitor.status == 422
    assert "Next step" in said.text
    assert entries(console, BETA) == []


def test_who_may_only_look_has_no_form_and_is_refused(console):
    visitor = console.visitor("viewer")
    page = visitor.get(f"/incidents/{BETA}")
    assert page.forms == {}
    own = visitor.get("/account").forms["/signout"][TOKEN]
    visitor.post(f"/incidents/{BETA}/acknowledge", **{TOKEN: own})
    assert visitor.status == 403
    assert entries(console, BETA) == []


def test_nobody_enters_at_another_s_site(console):
    visitor = console.visitor("operator", ("alpha",))
    token = visitor.get(f"/incidents/{CODE}").forms[f"/incidents/{CODE}/note"][TOKEN]
    visitor.post(f"/incidents/{BETA}/note", words="x", **{TOKEN: token})
    assert visitor.status == 404
    assert entries(console, BETA) == []


def test_every_form_carries_the_token_of_its_session(console):
    visitor, other = console.visitor("admin"), console.visitor("admin")
    pages = ("/account", "/account/keys", "/account/webhooks", "/account/people", "/account/preferences")
    for path in (f"/incidents/{BETA}", *pages):
        forms = visitor.get(path).forms
        assert forms
        for action, fields in forms.items():
            foreign = next(iter(other.get(path).forms.values()))[TOKEN]
            assert foreign != fields[TOKEN]
            for token in ("", "x" * 64, foreign, "ü"):
                visitor.post(action, **{**fields, TOKEN: token})
                assert visitor.status == 403, (action, token)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"form_token=%00", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"\xff\xfe", "text/plain"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"words=" + b"a" * 30_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % k for k in range(2000)), "application/x-www-form-urlencoded"),
    ],
)
def test_no_body_breaks_a_form(console, content, kind):
    visitor = console.visitor("operator")
    visitor._sent("POST", f"/incidents/{BETA}/note", content=content, headers={"content-type": kind})
    assert visitor.status in (400, 403, 413, 422), visitor.page.text
    assert entries(console, BETA) == []


def test_preferences_are_kept_and_a_mute_is_taken_back(console):
    visitor = console.visitor("viewer")
    visitor.get("/account/preferences")
    page = visitor.send(
        "/account/preferences", **{"incident.opened|email": "weekly", "alert.critical|slack_enabled": None}
    )
    assert "Kept." in page.text
    n = t.notification_preferences.c
    with console.warehouse.reading() as connection:
        rows = connection.execute(sa.select(n.event_type, n.email_frequency, n.slack_enabled)).all()
    kept = {row.event_type: (row.email_frequency, row.slack_enabled) for row in rows}
    assert kept["incident.opened"] == ("weekly", True)
    assert kept["alert.critical"] == ("immediate", False)
    token = page.forms["/account/preferences"][TOKEN]
    muted = visitor.post("/messages/mute", object_kind="incident", object_id="7", **{TOKEN: token})
    assert "incident 7" in muted.text
    [action] = [one for one in muted.forms if one.startswith("/account/mutes/")]
    assert "Nothing is muted" in visitor.send(action).text


def test_a_key_is_made_rotated_and_revoked_and_shown_once(console):
    visitor = console.visitor("engineer")
    visitor.get("/account/keys")
    terms = {"name": "the CMMS", "scopes": "fleet:read", "sites": "alpha", "rate_limit": "60"}
    made = visitor.send("/account/keys", **terms)
    key = made.text.split('<p class="secret">')[1].split("<")[0]
    assert key.startswith("ba_")
    assert key not in visitor.get("/account/keys").text
    assert "people:write" not in made.text
    [rotate] = [one for one in made.forms if one.endswith("/rotate")]
    newer = visitor.send(rotate).text.split('<p class="secret">')[1].split("<")[0]
    assert newer.startswith("ba_") and newer != key
    page = visitor.get("/account/keys")
    for action in [one for one in page.forms if one.endswith("/revoke")]:
        page = visitor.send(action)
    assert page.text.count("revoked") >= 2
    visitor.get("/account/keys")
    visitor.send("/account/keys", **{**terms, "scopes": "people:write"})
    assert visitor.status == 422


def test_a_webhook_is_added_tested_paused_and_removed(console):
    with console.warehouse.transaction() as connection:
        connection.execute(sa.insert(t.webhook_network).values(network="127.0.0.0/8", port=9))
    visitor = console.visitor("operator")
    visitor.get("/account/webhooks")
    refused = visitor.send("/account/webhooks", name="inner", url="https://10.0.0.7/", kinds="*")
    assert visitor.status == 422
    assert "not public" in refused.text
    visitor.get("/account/webhooks")
    made = visitor.send(
        "/account/webhooks", name="mine", url="http://127.0.0.1:9/hook", kinds="incident.opened"
    )
    secret = made.text.split('<p class="secret">')[1].split("<")[0]
    assert secret.startswith("whsec_")
    page = visitor.get("/account/webhooks")
    assert secret not in page.text
    [test] = [one for one in page.forms if one.endswith("/test")]
    assert "On its way" in visitor.send(test).text
    assert "paused" in visitor.send(test.replace("/test", "/pause")).text
    assert "paused" not in visitor.send(test.replace("/test", "/resume")).text
    assert "whsec_" in visitor.send(test.replace("/test", "/rotate")).text
    visitor.get("/account/webhooks")
    assert "You have none" in visitor.send(test.replace("/test", "/remove")).text


def test_an_admin_adds_changes_and_disables_an_account(console):
    visitor = console.visitor("admin")
    visitor.get("/account/people")
    terms = {"username": "somchai", "email": "somchai@example.org", "role": "operator", "sites": "alpha"}
    made = visitor.send("/account/people", **terms)
    link = made.text.split('<p class="secret">')[1].split("<")[0]
    assert link.startswith("http://localhost/signin/link/")
    with console.accounts.reading() as connection:
        u = t.users.c
        number = connection.execute(sa.select(u.id).where(u.username == "somchai")).scalar_one()
    at = f"/account/people/{number}"
    page = visitor.send(f"{at}/change", role="viewer", sites="alpha, beta")
    assert "alpha, beta" in page.text
    assert "/signin/link/" in visitor.send(f"{at}/link").text
    visitor.get("/account/people")
    assert "disabled" in visitor.send(f"{at}/disable").text
    guest = console.visitor()
    assert "was used, has ended, or never was one" in guest.get(link.removeprefix("http://localhost")).text
