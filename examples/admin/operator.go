package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"strconv"
	"text/tabwriter"

	"github.com/gocognito/cognito"
)

const usage = `admin [flags] command
Commands:
  list [-email PREFIX | -status STATUS] [-limit N]   list users
  groups [USER]                                      list the groups of the pool, or of a user
  members GROUP                                      list the users in a group
  add USER GROUP                                     put a user into a group, which is made if need be
  remove USER GROUP                                  take a user out of a group
  disable USER, enable USER                          keep a user from signing in, or no longer
  export [-group GROUP]                              write users as CSV`

// operator carries out commands.
type operator struct {
	pool *cognito.Cognito
	out  io.Writer
}

func (o operator) do(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("no command\n" + usage)
	}
	command, args := args[0], args[1:]
	switch {
	case command == "list":
		return o.list(ctx, args)
	case command == "export":
		return o.export(ctx, args)
	case command == "groups" && len(args) == 0:
		return o.groups(o.pool.Groups(ctx))
	case command == "groups" && len(args) == 1:
		return o.groups(o.pool.GroupsForUser(ctx, args[0]))
	case command == "members" && len(args) == 1:
		return o.print(o.pool.UsersInGroup(ctx, args[0]))
	case command == "add" && len(args) == 2:
		return o.add(ctx, args[0], args[1])
	case command == "remove" && len(args) == 2:
		return o.pool.AdminRemoveUserFromGroup(ctx, args[0], args[1])
	case command == "disable" && len(args) == 1:
		return o.pool.AdminDisableUser(ctx, args[0])
	case command == "enable" && len(args) == 1:
		return o.pool.AdminEnableUser(ctx, args[0])
	default:
		return fmt.Errorf("command %q: want one of these, with its arguments:\n%s", command, usage)
	}
}

func (o operator) list(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("list", flag.ContinueOnError)
	email := flags.String("email", "", "only users whose e-mail address begins so")
	status := flags.String("status", "", "only users with this status, such as UNCONFIRMED")
	limit := flags.Int("limit", 0, "at most so many; all if not set")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var opts []cognito.CallOption
	if *email != "" {
		opts = append(opts, cognito.FilterPrefix("email", *email))
	}
	if *status != "" {
		opts = append(opts, cognito.FilterEquals("cognito:user_status", *status))
	}
	if *limit != 0 {
		opts = append(opts, cognito.Limit(*limit))
	}
	return o.print(o.pool.Users(ctx, opts...))
}

func (o operator) print(users iter.Seq2[*cognito.User, error]) error {
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "USERNAME\tSTATUS\tENABLED\tEMAIL") // Flush reports what fails
	for user, err := range users {
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%t\t%s\n", user.Username, user.Status, user.Enabled, user.Attributes["email"])
	}
	return table.Flush()
}

func (o operator) groups(groups iter.Seq2[*cognito.Group, error]) error {
	for group, err := range groups {
		if err != nil {
			return err
		}
		line := group.Name
		if group.Description != "" {
			line += ": " + group.Description
		}
		if _, err := fmt.Fprintln(o.out, line); err != nil {
			return err
		}
	}
	return nil
}

// add adds a user to a group. It creates the group if there is none.
func (o operator) add(ctx context.Context, username, group string) error {
	err := o.pool.AdminAddUserToGroup(ctx, username, group)
	if !errors.Is(err, cognito.ErrGroupNotFound) {
		return err
	}
	_, err = o.pool.CreateGroup(ctx, cognito.Group{Name: group})
	if err != nil && !errors.Is(err, cognito.ErrGroupExists) {
		return err
	}
	return o.pool.AdminAddUserToGroup(ctx, username, group)
}

// exported has the fields of a line of the export.
type exported struct {
	Email    string `cognito:"email"`
	Verified bool   `cognito:"email_verified"`
	Team     string `cognito:"custom:team"`
}

// export writes users page by page, which works for a pool of any size.
func (o operator) export(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	group := flags.String("group", "", "only the users in this group")
	if err := flags.Parse(args); err != nil {
		return err
	}
	users := o.pool.Users(ctx)
	if *group != "" {
		users = o.pool.UsersInGroup(ctx, *group)
	}
	w := csv.NewWriter(o.out)
	if err := w.Write([]string{"username", "status", "enabled", "email", "email_verified", "team"}); err != nil {
		return err
	}
	for user, err := range users {
		if err != nil {
			return err
		}
		var x exported
		if err := user.Attributes.Unmarshal(&x); err != nil {
			return fmt.Errorf("user %s: %w", user.Username, err)
		}
		err := w.Write([]string{
			user.Username, string(user.Status), strconv.FormatBool(user.Enabled),
			x.Email, strconv.FormatBool(x.Verified), x.Team,
		})
		if err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
