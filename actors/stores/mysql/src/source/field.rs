//! Fields of a row in the binary form.

/// What is left of a row. Every read is none where the row ends too early.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    #[inline]
    pub(super) fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Bytes behind their length.
    #[inline]
    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let length = match self.fixed::<1>()?[0] {
            0xfc => u16::from_le_bytes(self.fixed()?).into(),
            0xfd => {
                let [a, b, c] = self.fixed()?;
                u32::from_le_bytes([a, b, c, 0]) as usize
            }
            0xfe => usize::try_from(u64::from_le_bytes(self.fixed()?)).ok()?,
            short => short.into(),
        };
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Whether a column of a row is NULL; `row` is the packet behind its first byte.
#[inline]
pub(super) fn is_null(bitmap: &[u8], column: usize) -> bool {
    let bit = column + 2;
    bitmap[bit / 8] & (1 << (bit % 8)) != 0
}

pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// What a date's or time's field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Days since 1970, and microseconds of the day.
    At(i32, i64),
    /// `0000-00-00`, or one whose day or month is zero.
    Zero,
    /// Such as the 31st of February, which the server keeps where its mode allows it.
    Impossible,
}

/// A date with or without a time of day.
pub(super) fn moment(field: &[u8]) -> Option<Moment> {
    let mut rest = Fields(field);
    if field.is_empty() {
        return Some(Moment::Zero);
    }
    let year = u16::from_le_bytes(rest.fixed()?);
    let [month, day] = rest.fixed()?;
    let mut micros = 0;
    if !rest.0.is_empty() {
        let [hour, minute, second] = rest.fixed()?;
        micros = (i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)) * 1_000_000;
        if !rest.0.is_empty() {
            micros += i64::from(u32::from_le_bytes(rest.fixed()?));
        }
    }
    if year == 0 || month == 0 || day == 0 {
        return Some(Moment::Zero);
    }
    if month > 12 || day > days_in(year, month) || micros >= DAY_MICROS {
        return Some(Moment::Impossible);
    }
    Some(Moment::At(days(year.into(), month.into(), day.into()), micros))
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, by whole eras of 400 years that begin in March.
fn days(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A time: microseconds, below zero or beyond a day, too.
pub(super) fn clock(field: &[u8]) -> Option<i64> {
    let mut rest = Fields(field);
    if field.is_empty() {
        return Some(0);
    }
    let negative = rest.fixed::<1>()?[0] != 0;
    let days = u32::from_le_bytes(rest.fixed()?);
    let [hour, minute, second] = rest.fixed()?;
    let seconds = i64::from(days) * 86_400 + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let mut micros = seconds * 1_000_000;
    if !rest.0.is_empty() {
        micros += i64::from(u32::from_le_bytes(rest.fixed()?));
    }
    Some(if negative { -micros } else { micros })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_chrono_counts_them() {
        use chrono::Datelike;
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let mut date = chrono::NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
        let last = chrono::NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
        while date <= last {
            let expected = (date - epoch).num_days() as i32;
            assert_eq!(
                days(date.year(), date.month() as i32, date.day() as i32),
                expected,
                "{date}"
            );
            date += chrono::TimeDelta::days(13);
        }
    }

    #[test]
    fn moments_and_times_are_read() {
        assert_eq!(moment(&[]), Some(Moment::Zero));
        assert_eq!(moment(&[0xb2, 7, 1, 1]), Some(Moment::At(0, 0)));
        assert_eq!(moment(&[0xb2, 7, 0, 1]), Some(Moment::Zero));
        assert_eq!(moment(&[0xb1, 7, 2, 29]), Some(Moment::Impossible));
        assert_eq!(
            moment(&[0xb2, 7, 1, 2, 1, 0, 0, 5, 0, 0, 0]),
            Some(Moment::At(1, 3_600_000_005))
        );
        assert_eq!(moment(&[0xb2, 7, 1]), None);
        assert_eq!(clock(&[]), Some(0));
        assert_eq!(clock(&[1, 0, 0, 0, 0, 0, 0, 1]), Some(-1_000_000));
        assert_eq!(clock(&[0, 1, 0, 0, 0, 0, 0, 0]), Some(DAY_MICROS));
        assert_eq!(clock(&[0, 1]), None);
    }

    #[test]
    fn lengths_are_read() {
        let mut row = vec![0xfc, 0x2c, 1];
        row.extend([7; 300]);
        row.push(0);
        let mut fields = Fields(&row);
        assert_eq!(fields.counted().map(<[u8]>::len), Some(300));
        assert_eq!(fields.counted(), Some(&[][..]));
        assert_eq!(fields.counted(), None);
        assert_eq!(Fields(&[5, 1]).counted(), None);
    }
}
