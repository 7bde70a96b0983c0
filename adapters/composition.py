"""Wire the parts: a running Gongdan from its settings. Nothing else constructs adapters and use cases."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from adapters.accounts.sign_ins import SignIns
from adapters.processing.processes import Processes
from adapters.projecting.appraisal_records import ProjectedRecords
from adapters.projecting.blind_index import BlindIndex
from adapters.projecting.open_tickets import WorkloadOpenTickets
from adapters.projecting.projections import Projections
from adapters.store.database.schema import SchemaExists
from adapters.store.files.attachments import Attachments
from adapters.store.keys.key_erasure import erased_in_log, ordered_after
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import Entropy, KeysUnusable, create_master_key
from adapters.store.keys.sealing import SubjectSealer
from adapters.store.log.codec import EventCodec
from adapters.store.log.opening import Opener, Store, has_store, init_store, open_database, open_store, shown
from adapters.system.holidays_of_china import HolidaysOfChina
from adapters.system.settings import Settings
from adapters.system.system import SystemClock, TimeOrderedIds, entropy
from domain.appraisal.desk import AppraisalDesk
from domain.appraisal.month_close import CLOSE_MONTH, MonthClose
from domain.appraisal.reading import ReportedRecords
from domain.approval.command import TwoPersonCommand
from domain.approval.deciding import Approvals
from domain.approval.reading import Oversight
from domain.duty.duty_desk import DutyDesk
from domain.duty.open_list import OpenList
from domain.duty.reading import DutyRecords
from domain.duty.rostering import Rostering
from domain.finding.desk import TWO_PEOPLE, FindingDesk, command_name
from domain.finding.reading import FindingRecords
from domain.household.keeping import Households
from domain.household.register import RegisterKeeper
from domain.household.register_entry import RegisterEntry
from domain.kernel.journal import Journal
from domain.kernel.ports import Clock, Ids
from domain.people.administration import Administration
from domain.people.directory import DirectoryKeeper
from domain.people.office import Office
from domain.people.reading_scope import Scopes
from domain.process.catalogue import PROCESSES
from domain.publication.desk import MODELS as PUBLISHED
from domain.publication.desk import Publication
from domain.rules.policy import Policy, parse_policy
from domain.rules.price_list import PriceList, parse_price_list
from domain.rules.scorecard import RuleBook, parse_rule_book
from domain.rules.workdays import Holidays
from domain.service_desk.approved import ticket_commands
from domain.service_desk.desk import ServiceDesk
from domain.service_desk.disclosure import DISCLOSE, Disclosure
from domain.service_desk.erasure import ERASE, Erasure
from domain.service_desk.importing import Imports
from domain.service_desk.reading import Inquiries


@dataclass(frozen=True)
class Gongdan:
    """The open store, keys, use cases and queries that a server or a command needs."""

    settings: Settings
    clock: Clock
    ids: Ids
    store: Store
    keys: KeyStore
    sealer: SubjectSealer
    journal: Journal
    directory: DirectoryKeeper
    office: Office
    desk: ServiceDesk
    approvals: Approvals
    publication: Publication
    erasure: Erasure
    disclosure: Disclosure
    duty: DutyDesk
    duty_records: DutyRecords
    rostering: Rostering
    administration: Administration
    appraisal: AppraisalDesk
    month_close: MonthClose
    imports: Imports
    findings: FindingDesk
    finding_records: FindingRecords
    reported_records: ReportedRecords
    inquiries: Inquiries
    register: RegisterKeeper
    register_entry: RegisterEntry
    households: Households
    oversight: Oversight
    scopes: Scopes
    attachments: Attachments
    sign_ins: SignIns
    holidays: Holidays
    projections: Projections
    index: BlindIndex
    processes: Processes


def shipped(name: str) -> str:
    """The text of a rule file shipped with the program."""
    return (files("domain") / "rules" / name).read_text(encoding="utf-8")


def read_policy(settings: Settings) -> Policy:
    """The company's policy, or the one shipped."""
    text = settings.policy_file.read_text(encoding="utf-8") if settings.policy_file else shipped("policy.toml")
    return parse_policy(text)


def read_prices(settings: Settings) -> PriceList:
    """The company's price list, or the one shipped."""
    text = settings.price_list_file.read_text(encoding="utf-8") if settings.price_list_file else shipped("price_list.toml")
    return parse_price_list(text)


def read_rule_book(settings: Settings) -> RuleBook:
    """The company's scorecard, or the one shipped."""
    given = settings.rule_book_file
    return parse_rule_book(given.read_text(encoding="utf-8") if given else shipped("scorecards/default.toml"))


def two_person_commands(
    office: Office,
    publication: TwoPersonCommand,
    erasure: TwoPersonCommand,
    disclosure: TwoPersonCommand,
    findings: TwoPersonCommand,
    month_close: TwoPersonCommand,
) -> Mapping[str, TwoPersonCommand]:
    """Every command that may wait for a second person, by the name its approvals bear."""
    return {
        **ticket_commands(office),
        **dict.fromkeys(PUBLISHED, publication),
        **dict.fromkeys(map(command_name, TWO_PEOPLE), findings),
        ERASE: erasure,
        DISCLOSE: disclosure,
        CLOSE_MONTH: month_close,
    }


@asynccontextmanager
async def opened(
    settings: Settings,
    clock: Clock | None = None,
    ids: Ids | None = None,
    store_clock: Clock | None = None,
    entropy: Entropy = entropy,
    filling: bool = False,
    opener: Opener = open_database,
) -> AsyncIterator[Gongdan]:
    """Open store and keys, wire the use cases, and close everything on exit.

    ``store_clock`` gives ``recorded_at`` (default: ``clock``). ``entropy``: pass another source than the system's only for data
    that needs no secrecy (simulation). ``filling``: this process alone fills a new store. ``opener`` opens the two databases.
    Projections can be queried; a server also starts their runners and those of the processes.
    """
    clock, ids = clock or SystemClock(), ids or TimeOrderedIds()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            await open_store(
                settings.store,
                store_clock or clock,
                capacity=settings.queue,
                deadline=settings.deadline,
                filling=filling,
                opener=opener,
            )
        )
        assert store.database is not None
        keys = KeyStore(
            await opener(settings.keys_url, filling=filling),
            settings.master_key_path,
            clock,
            entropy,
            orders=partial(ordered_after, store.database),
        )
        stack.push_async_callback(keys.close)
        await keys.open(await erased_in_log(store.database))
        sealer, codec = SubjectSealer(keys, entropy), EventCodec()
        journal = Journal(store, codec, sealer)
        holidays = HolidaysOfChina()
        directory = DirectoryKeeper(
            store, codec, read_policy(settings), read_prices(settings), read_rule_book(settings), holidays
        )
        office = Office(journal, directory, clock, ids)
        index = BlindIndex(sealer, keys)
        projections = await Projections.open(store, codec, index, clock)
        processes = await Processes.open(store, journal, directory, clock, PROCESSES)
        stack.push_async_callback(processes.stop)
        stack.push_async_callback(projections.stop)
        register = RegisterKeeper(journal)
        publication, disclosure, erasure = Publication(office), Disclosure(office), Erasure(office, register, keys)
        findings = FindingDesk(office)
        month_close = MonthClose(office, ProjectedRecords(store, projections))
        approvals = Approvals(office, two_person_commands(office, publication, erasure, disclosure, findings, month_close))
        register_entry = RegisterEntry(office, register)
        finding_records = FindingRecords(office, store.access_log)
        yield Gongdan(
            settings=settings,
            clock=clock,
            ids=ids,
            store=store,
            keys=keys,
            sealer=sealer,
            journal=journal,
            directory=directory,
            office=office,
            desk=ServiceDesk(office),
            approvals=approvals,
            publication=publication,
            erasure=erasure,
            disclosure=disclosure,
            duty=DutyDesk(office, OpenList(journal, WorkloadOpenTickets(projections))),
            duty_records=DutyRecords(office, store.access_log),
            rostering=Rostering(office, store.access_log),
            administration=Administration(office),
            month_close=month_close,
            appraisal=AppraisalDesk(office),
            imports=Imports(office),
            findings=findings,
            finding_records=finding_records,
            reported_records=ReportedRecords(office, finding_records, store.access_log),
            inquiries=Inquiries(office, store.access_log),
            register=register,
            register_entry=register_entry,
            households=Households(office, register, register_entry),
            oversight=Oversight(office, approvals, store.access_log),
            scopes=Scopes(office),
            holidays=holidays,
            attachments=Attachments(store.database, keys, clock, entropy),
            sign_ins=SignIns(store.database, clock, ids, entropy),
            projections=projections,
            index=index,
            processes=processes,
        )


async def make_new(settings: Settings, origin: str, clock: Clock | None = None, entropy: Entropy = entropy) -> None:
    """Create a store, its key store, and its master key where there is none (``gongdan init``).

    Raises SchemaExists where there is a store, and KeysUnusable where there are only keys, which may belong to another store.
    """
    master = settings.master_key_path
    if settings.store.startswith("sqlite:///"):
        Path(settings.store.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    if not master.exists():
        master.parent.mkdir(parents=True, exist_ok=True)
        create_master_key(master, entropy)
    keys = KeyStore(await open_database(settings.keys_url, create=True), master, clock or SystemClock(), entropy)
    try:
        if not await keys.is_new():
            if await has_store(settings.store):
                raise SchemaExists
            where = shown(settings.keys_url)
            raise KeysUnusable(f"there are keys at {where} already, perhaps of another store: move them, or name another place")
        await init_store(settings.store, origin)
        await keys.create()
    finally:
        await keys.close()
