package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
)

// One day of an operator, on the pool of the demonstration.
func Example() {
	pool, done, err := openDemo()
	if err != nil {
		log.Fatal(err)
	}
	defer done()
	for _, command := range []string{
		"list -email an", "add ann writers", "add bob editors", "groups", "groups ann", "disable ann", "enable eve",
		"export", "members writers", "remove ann writers", "export -group editors", "list -status UNCONFIRMED", "list -limit 1",
	} {
		fmt.Println("$", command)
		if err := (operator{pool: pool, out: os.Stdout}).do(context.Background(), strings.Fields(command)); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// $ list -email an
	// USERNAME  STATUS     ENABLED  EMAIL
	// ann       CONFIRMED  true     ann@example.com
	// anton     CONFIRMED  true     anton@example.com
	// $ add ann writers
	// $ add bob editors
	// $ groups
	// editors: May edit
	// writers
	// $ groups ann
	// writers
	// $ disable ann
	// $ enable eve
	// $ export
	// username,status,enabled,email,email_verified,team
	// ann,CONFIRMED,false,ann@example.com,true,blue
	// anton,CONFIRMED,true,anton@example.com,true,blue
	// bob,CONFIRMED,true,bob@example.com,true,blue
	// eve,CONFIRMED,true,eve@example.com,false,
	// $ members writers
	// USERNAME  STATUS     ENABLED  EMAIL
	// ann       CONFIRMED  false    ann@example.com
	// $ remove ann writers
	// $ export -group editors
	// username,status,enabled,email,email_verified,team
	// bob,CONFIRMED,true,bob@example.com,true,blue
	// $ list -status UNCONFIRMED
	// USERNAME  STATUS  ENABLED  EMAIL
	// $ list -limit 1
	// USERNAME  STATUS     ENABLED  EMAIL
	// ann       CONFIRMED  false    ann@example.com
}
