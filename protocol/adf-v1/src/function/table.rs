//! The functions, by their names. Microsoft's table has eighteen.

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Format,
    AddHours,
    AddMinutes,
    StartOfHour,
    AddDays,
    AddMonths,
    AddQuarters,
    AddWeeks,
    AddYears,
    Day,
    DayOfWeek,
    DayOfYear,
    DaysInMonth,
    EndOfDay,
    EndOfMonth,
    StartOfDay,
    From,
    Ticks,
}

/// Category and name, the function, how many arguments it takes.
const TABLE: &[(&str, Name, usize)] = &[
    ("Text.Format", Name::Format, usize::MAX),
    ("Time.AddHours", Name::AddHours, 2),
    ("Time.AddMinutes", Name::AddMinutes, 2),
    ("Time.StartOfHour", Name::StartOfHour, 1),
    ("Date.AddDays", Name::AddDays, 2),
    ("Date.AddMonths", Name::AddMonths, 2),
    ("Date.AddQuarters", Name::AddQuarters, 2),
    ("Date.AddWeeks", Name::AddWeeks, 2),
    ("Date.AddYears", Name::AddYears, 2),
    ("Date.Day", Name::Day, 1),
    ("Date.DayOfWeek", Name::DayOfWeek, 1),
    ("Date.DayOfYear", Name::DayOfYear, 1),
    ("Date.DaysInMonth", Name::DaysInMonth, 1),
    ("Date.EndOfDay", Name::EndOfDay, 1),
    ("Date.EndOfMonth", Name::EndOfMonth, 1),
    ("Date.StartOfDay", Name::StartOfDay, 1),
    ("DateTime.From", Name::From, 1),
    ("DateTime.Ticks", Name::Ticks, 1),
];

/// Looks a function up, without regard to case, and checks how many arguments it has.
pub(super) fn find(text: &str, arguments: usize) -> Result<Name, String> {
    let found = TABLE.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(text));
    let (name, function, takes) = found.ok_or_else(|| format!("there is no function {text}"))?;
    match *takes {
        usize::MAX if arguments == 0 => Err(format!("{name} takes a format and its values")),
        usize::MAX => Ok(*function),
        takes if takes == arguments => Ok(*function),
        takes => Err(format!("{name} takes {takes} arguments, and has {arguments}")),
    }
}
