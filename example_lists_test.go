package cognito_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocognito/cognito"
)

// List some users, with one attribute each.
func ExampleCognito_GetUsers() {
	srv, pool := exampleAdmin()
	defer srv.Close()

	users, err := pool.GetUsers(context.Background(),
		cognito.FilterEquals("status", "Enabled"), cognito.SelectAttributes("email"), cognito.Limit(2))
	if err != nil {
		log.Fatal(err)
	}
	for _, user := range users {
		fmt.Println(user.Username, user.Attributes)
	}
	// Output:
	// ann map[email:ann@example.com]
	// anton map[email:anton@example.com]
}

// List the groups with their members, and the groups of a user.
func ExampleCognito_Groups() {
	srv, pool := exampleAdmin()
	defer srv.Close()
	ctx := context.Background()
	if _, err := pool.CreateGroup(ctx, cognito.Group{Name: "editors"}); err != nil {
		log.Fatal(err)
	}
	if err := pool.AdminAddUserToGroup(ctx, "ann", "editors"); err != nil {
		log.Fatal(err)
	}

	for group, err := range pool.Groups(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		group.Description = "May edit"
		if _, err := pool.UpdateGroup(ctx, *group); err != nil {
			log.Fatal(err)
		}
		for user, err := range pool.UsersInGroup(ctx, group.Name) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(user.Username, "is in", group.Name)
		}
	}
	for group, err := range pool.GroupsForUser(ctx, "ann") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(group.Name+":", group.Description)
	}
	// Output:
	// ann is in editors
	// editors: May edit
}
