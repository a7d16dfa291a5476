-- The logins of analysts, by name: may they read texts, and how many sessions have they now?
SELECT r.rolname,
       EXISTS (SELECT FROM pg_auth_members t
                WHERE t.member = r.oid AND t.roleid = to_regrole('threadlog_analyst_texts')),
       (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid)
  FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
 WHERE m.roleid = to_regrole('threadlog_analyst') AND m.inherit_option  -- who made the role has not
 ORDER BY 1
