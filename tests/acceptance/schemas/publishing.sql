-- Habits of an object mapper that quotes everything: CamelCase names, text keys made by the application, enums with
-- spaces and ampersands, an implicit junction, one-to-one references, names that are reserved words or hold quotes.
CREATE TYPE "PostStatus" AS ENUM ('Draft', 'In Review', 'Research & Development', 'Q&A', 'done/closed', 'a''b');
CREATE TYPE "Role" AS ENUM ('USER', 'Admin, Owner', '');
CREATE TABLE "User" (
    "id" text PRIMARY KEY,
    "email" text NOT NULL UNIQUE,
    "displayName" text,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "Profile" (
    "id" text PRIMARY KEY,
    "bio" text NOT NULL DEFAULT '',
    "userId" text NOT NULL UNIQUE REFERENCES "User" ON DELETE CASCADE,
    "select" text,
    "100% of ""it""" integer
);
CREATE TABLE "Post" (
    "id" text PRIMARY KEY,
    "title" text NOT NULL,
    "slug" varchar(12) NOT NULL DEFAULT '',
    "status" "PostStatus" NOT NULL DEFAULT 'Draft',
    "history" "PostStatus"[] NOT NULL DEFAULT '{}',
    "authorId" text NOT NULL REFERENCES "User",
    "reviewerId" text REFERENCES "User" ON DELETE SET NULL,
    "parentId" text REFERENCES "Post",
    "Straße, Nr." text,
    "published" boolean
);
CREATE TABLE "Tag" ("id" text PRIMARY KEY, "Name" text NOT NULL, "NAME" text, "name" text);
CREATE TABLE "_PostToTag" (
    "A" text NOT NULL REFERENCES "Post" ON DELETE CASCADE,
    "B" text NOT NULL REFERENCES "Tag" ON DELETE CASCADE,
    PRIMARY KEY ("A", "B")
);
INSERT INTO "User" VALUES
    ('ck1', 'a@x.org', 'Ada', 'USER'), ('ck,2', 'b@x.org', '', 'Admin, Owner'), ('"q"', 'c@x.org', NULL, ''),
    ('', 'd@x.org', ' spaced ', 'USER'), (' ', 'e@x.org', E'two\nlines', 'USER');
INSERT INTO "Profile" VALUES ('p1', '', 'ck1', 'x', 1), ('p2', 'long ' || repeat('é', 5000), 'ck,2', NULL, NULL);
INSERT INTO "Post" VALUES
    ('a', 'First', 'first', 'Q&A', '{Draft,"In Review"}', 'ck1', NULL, NULL, 'x', true),
    ('b', 'Second', 'second', 'Research & Development', '{}', 'ck,2', 'ck1', 'a', '', NULL),
    ('c', 'Third', 'third', 'a''b', '{Draft,Draft}', '', '"q"', 'c', NULL, false);
INSERT INTO "Tag" VALUES ('t1', 'One', 'ONE', 'one'), ('t2', 'Two', NULL, '');
INSERT INTO "_PostToTag" VALUES ('a', 't1'), ('a', 't2'), ('b', 't2');
-- edits
UPDATE "Post" SET "status" = 'done/closed', "Straße, Nr." = '% $1 {}' WHERE "id" = 'a';
UPDATE "Post" SET "parentId" = NULL, "reviewerId" = 'ck,2' WHERE "id" = 'c';
UPDATE "User" SET "displayName" = 'Grace' WHERE "id" IN ('', '"q"');
UPDATE "Profile" SET "100% of ""it""" = 7, "select" = '' WHERE "id" = 'p1';
UPDATE "Tag" SET "NAME" = 'two', "name" = 'TWO' WHERE "id" = 't2';
INSERT INTO "User" VALUES ('ck9', 'z@x.org', 'New', 'USER');
INSERT INTO "Post" ("id", "title", "authorId") VALUES ('d', 'Fourth', 'ck9');
DELETE FROM "Profile" WHERE "id" = 'p2';
