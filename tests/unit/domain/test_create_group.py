"""Create a group: a new one, or more conversations for one that has the name already."""

from domain.commands import DeleteGroup
from domain.refusals import ConversationCount, TooManyGroups
from tests.unit.domain.changes import added, created
from tests.unit.domain.scenario import a_group, given


def test_a_group_is_created_with_its_conversations() -> None:
    then = given().when(a_group("Suppliers", "GROUPtest", "C2Cexample"))
    then.then(created(1, "Suppliers"), added(1, "Suppliers", "GROUPtest", "C2Cexample"))
    then.answering("GROUPtest added", "C2Cexample added")
    assert (then.outcome.group_id, then.outcome.group_name, then.outcome.revision) == (1, "Suppliers", 2)


def test_a_group_may_be_created_empty() -> None:
    then = given().when(a_group("Suppliers"))
    then.then(created(1, "Suppliers")).answering()
    assert then.outcome.group_id == 1


def test_a_second_group_has_the_next_id_and_stands_last() -> None:
    then = given(a_group("产品体验")).when(a_group("需求研发", "C2Cbob"))
    then.then(created(2, "需求研发"), added(2, "需求研发", "C2Cbob"))
    assert list(then.given.lists()) == ["产品体验", "需求研发"]


def test_the_id_of_a_deleted_group_is_never_used_again() -> None:
    past = given(a_group("One"), a_group("Two"), DeleteGroup(group_id=2))
    past.when(a_group("Three")).then(created(3, "Three"))
    past.after(DeleteGroup(group_id=1)).when(a_group("Two")).then(created(3, "Two"))


def test_creating_onto_a_name_that_exists_adds_to_that_group() -> None:
    then = given(a_group("Suppliers", "C2Ca")).when(a_group("Suppliers", "C2Cb", "C2Ca"))
    then.then(added(1, "Suppliers", "C2Cb")).answering("C2Cb added", "C2Ca already")
    assert then.outcome.group_id == 1


def test_creating_twice_records_nothing_the_second_time() -> None:
    for again in (a_group("Suppliers", "C2Ca"), a_group("Suppliers")):
        then = given(a_group("Suppliers", "C2Ca")).when(again).then()
        assert (then.outcome.group_id, then.outcome.revision) == (1, 2)


def test_nothing_is_created_where_every_conversation_is_refused() -> None:
    then = given().when(a_group("Suppliers", "nonsense", "C2C")).then()
    then.answering("nonsense 2503", "C2C 2503")
    assert (then.outcome.group_id, then.outcome.group_name, then.outcome.revision) == (None, "Suppliers", 0)


def test_nothing_is_created_where_no_conversation_fits() -> None:
    full = given(a_group("One", "C2Ca")).under(conversations=1)
    then = full.when(a_group("Two", "C2Cb", "nonsense")).then()
    then.answering("C2Cb 51008", "nonsense 2503")
    assert then.outcome.group_id is None


def test_no_id_is_spent_on_a_group_that_is_not_created() -> None:
    nothing = given().when(a_group("Suppliers", "nonsense")).then().given
    nothing.when(a_group("Suppliers")).then(created(1, "Suppliers"))


def test_a_group_that_exists_answers_its_id_also_where_every_conversation_is_refused() -> None:
    then = given(a_group("Suppliers")).when(a_group("Suppliers", "nonsense")).then()
    then.answering("nonsense 2503")
    assert then.outcome.group_id == 1


def test_one_good_conversation_is_enough_to_create() -> None:
    then = given().when(a_group("Suppliers", "nonsense", "C2Ca"))
    then.then(created(1, "Suppliers"), added(1, "Suppliers", "C2Ca")).answering("nonsense 2503", "C2Ca added")


def test_a_conversation_of_another_group_is_enough_to_create() -> None:
    full = given(a_group("One", "C2Ca")).under(conversations=1)
    full.when(a_group("Two", "C2Ca")).then(created(2, "Two"), added(2, "Two", "C2Ca")).answering("C2Ca added")


def test_a_conversation_given_twice_counts_once() -> None:
    then = given().when(a_group("Suppliers", "C2Ca", "C2Cb", "C2Ca", "nonsense", "nonsense"))
    then.then(created(1, "Suppliers"), added(1, "Suppliers", "C2Ca", "C2Cb"))
    then.answering("C2Ca added", "C2Cb added", "nonsense 2503")


def test_a_hundred_conversations_are_created_with_and_one_more_is_refused() -> None:
    hundred = [f"C2C{n}" for n in range(100)]
    given().when(a_group("Many", *hundred)).then(created(1, "Many"), added(1, "Many", *hundred))
    given().when(a_group("Many", *hundred, *hundred)).then(created(1, "Many"), added(1, "Many", *hundred))
    given().when(a_group("Many", *hundred, "C2Cmore")).then_refused(ConversationCount, count=101, limit=100)
    given().when(a_group("Many", *hundred, "nonsense")).then_refused(ConversationCount, count=101, limit=100)


def test_the_21st_group_is_refused() -> None:
    twenty = given(*(a_group(f"G{n}") for n in range(20)))
    twenty.when(a_group("G20")).then_refused(TooManyGroups, limit=20)
    twenty.when(a_group("G20", "nonsense")).then_refused(TooManyGroups, limit=20)
    twenty.when(a_group("G19", "C2Ca")).then(added(20, "G19", "C2Ca"))
    twenty.after(DeleteGroup(group_name="G7")).when(a_group("G20")).then(created(21, "G20"))
    given(*(a_group(f"G{n}") for n in range(19))).when(a_group("G19")).then(created(20, "G19"))
