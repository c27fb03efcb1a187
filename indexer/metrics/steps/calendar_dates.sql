-- Days with the dates that they lie on: an instant is found by its date first, and only then by the hour at which its
-- day begins. A join by range alone would sort every row.
-- grain: day, date · kind: step, not stored
SELECT
  calendar.day AS day,
  calendar.starts_at AS starts_at,
  calendar.ends_at AS ends_at,
  CAST(calendar.starts_at AS DATE) AS date
FROM calendar
WHERE calendar.boundary = 'utc'
UNION
SELECT
  calendar.day AS day,
  calendar.starts_at AS starts_at,
  calendar.ends_at AS ends_at,
  CAST(calendar.ends_at AS DATE) AS date
FROM calendar
WHERE calendar.boundary = 'utc'
