"""Residents of the demonstration: drawn by a seed, no two alike. Nobody is meant; the telephone numbers are one test series."""

from dataclasses import dataclass
from random import Random

from domain import ticket_commands as c

SURNAMES = (
    "林黄何郭罗梁宋谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范"
    "方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN = (
    "子涵雨桐梓轩诗涵浩然思远佳怡志强秀英桂兰建军丽华晓东婷婷俊杰美玲国栋海燕文博春梅永康淑珍"
    "嘉豪静怡振华玉珍明哲晓琳立新雪梅家辉慧敏德明红霞天宇晓慧国强秋菊一鸣欣然大伟素芬少华月娥"
    "启航若曦宏伟凤英晨阳雅琴"
)
GIVEN = [_GIVEN[i : i + 2] for i in range(0, len(_GIVEN), 2)]
BUILDINGS = {"A1": ("1", "2", "3", "4"), "A2": ("5", "6", "7", "8")}


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who lives here."""

    name: str
    phone: str
    area: str
    building: str
    entrance: str
    dwelling: str

    @property
    def place(self) -> c.Place:
        """Their dwelling."""
        return c.Place(area=self.area, building=self.building, entrance=self.entrance, dwelling=self.dwelling)

    @property
    def reporter(self) -> c.Reporter:
        """Them, as who asks."""
        return c.Reporter(name=self.name, phone=self.phone)


class Residents:
    """Gives a new resident each time it is asked."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._names = [
            surname + given for surname, given in zip(random.sample(SURNAMES, 45), random.sample(GIVEN, 45), strict=True)
        ]
        self._phones = random.sample(range(10_000), 45)
        self._homes: set[tuple[str, str, str]] = set()

    def new(self, area: str) -> Resident:
        """A resident of an area, in a dwelling where nobody was named before."""
        while True:
            building, entrance = self._random.choice(BUILDINGS[area]), self._random.choice("12")
            dwelling = f"{self._random.randint(2, 18)}{self._random.randint(1, 4):02}"
            if (building, entrance, dwelling) not in self._homes:
                break
        self._homes.add((building, entrance, dwelling))
        return Resident(self._names.pop(), f"1380013{self._phones.pop():04}", area, building, entrance, dwelling)
