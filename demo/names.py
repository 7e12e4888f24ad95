"""Names as met in Ningxia: Hui and Han, compound surnames, middle dots, rare characters."""

import random

_HUI = "马马马马马马杨白田丁海哈虎锁撒买拜黑纳者妥金穆勉铁何罗余苏姬摆冶邵吴王李"
_HAN = "王王王李李李张张张刘刘陈陈杨赵黄周吴徐孙胡朱高林何郭罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "慕容", "皇甫", "尉迟", "令狐")
_MALE = (
    "伟强军东海平小成学志文英福林建国明俊龙飞超鹏浩宇波磊斌峰刚勇杰涛华忠义全贵祥宝生荣金虎彦"
    "少春仁德发旺云山岩川江河洋博凯瑞轩哲翔"
)
_FEMALE = (
    "梅兰花英玉秀丽燕彩芳霞红琴娟艳萍静敏雪莲凤珍桂香翠云月婷洁慧颖娜蓉洋佳欣怡婕琳瑶萱晓小春霄淑贞"
    "巧秋菊荷青素爱清"
)
_HUI_GIVEN = (
    "阿依舍",
    "法图麦",
    "哈雪燕",
    "尔利",
    "尤素",
    "伊斯玛",
    "索菲亚",
    "赛麦",
    "依布拉",
    "穆萨",
    "海力买",
    "麦燕",
    "努海",
)
_RARE = ("𬭊", "龑", "㛃", "𠮷", "䶮", "堃", "翀", "𬱟", "𫖮", "喆", "犇", "𬴂", "昉", "玥", "㻬", "镕", "赟")
_DOTTED_FEMALE = (
    "古丽娜孜·艾合买提",
    "阿依古丽·买买提",
    "迪丽努尔·吐尔逊",
    "热依汗古丽·阿布都热合曼",
    "娜扎开提·木合塔尔",
    "萨仁高娃·巴雅尔",
)
_DOTTED_MALE = (
    "努尔兰·哈孜别克",
    "叶尔肯·巴合提",
    "苏力坦·艾则孜",
    "买买提江·吾斯曼",
    "阿力木·玉素甫",
    "巴特尔·孟和",
    "扎西·多吉",
)
_DOTTED_GROUPS = {
    "萨仁高娃": "蒙古族",
    "巴特尔": "蒙古族",
    "扎西": "藏族",
    "努尔兰": "哈萨克族",
    "叶尔肯": "哈萨克族",
}


def draw(rng: random.Random, *, male: bool) -> tuple[str, str]:
    """Draw a name and the ethnic group (民族) that goes with it."""
    kind = rng.random()
    if kind < 0.03:
        name = rng.choice(_DOTTED_MALE if male else _DOTTED_FEMALE)
        return name, _DOTTED_GROUPS.get(name.partition("·")[0], "维吾尔族")
    hui = rng.random() < 0.40
    if hui and kind > 0.93:
        return rng.choice(_HUI) + rng.choice(_HUI_GIVEN), "回族"
    surname = rng.choice(_COMPOUND if kind < 0.05 and not hui else _HUI if hui else _HAN)
    return surname + _given(rng, male=male, rare=kind < 0.11), "回族" if hui else _other(rng)


def _given(rng: random.Random, *, male: bool, rare: bool) -> str:
    pool = _MALE if male else _FEMALE
    if rare:
        second = rng.choice(_RARE)
        return second if rng.random() < 0.4 else rng.choice(pool) + second
    first = rng.choice(pool)
    return first if rng.random() < 0.18 else first + rng.choice(pool.replace(first, ""))


def _other(rng: random.Random) -> str:
    return "满族" if rng.random() < 0.02 else "汉族"
