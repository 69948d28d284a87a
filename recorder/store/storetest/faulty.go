// Package storetest makes the steps of a store.FS visible and lets each of them fail, so
// that tests can hold what is on the disk against every place where a process can die.
package storetest

import (
	"io/fs"

	"hotline/recorder/store"
)

// Faulty is a file system with Before in front of every step that changes something. The
// steps are: create, write, sync, mkdir, rename, remove, syncdir. An error from Before is
// what the step returns; it does nothing then, except that a write leaves half of its
// bytes behind, as a full disk does.
type Faulty struct {
	store.FS
	Before func(step, name string) error
}

// Create is the step create.
func (f Faulty) Create(name string) (store.File, error) {
	if err := f.Before("create", name); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: file, name: name, before: f.Before}, nil
}

// Mkdir is the step mkdir.
func (f Faulty) Mkdir(name string) error {
	if err := f.Before("mkdir", name); err != nil {
		return err
	}
	return f.FS.Mkdir(name)
}

// Rename is the step rename; its name is the new one.
func (f Faulty) Rename(from, to string) error {
	if err := f.Before("rename", to); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Remove is the step remove.
func (f Faulty) Remove(name string) error {
	if err := f.Before("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

// SyncDir is the step syncdir.
func (f Faulty) SyncDir(name string) error {
	if err := f.Before("syncdir", name); err != nil {
		return err
	}
	return f.FS.SyncDir(name)
}

type faultyFile struct {
	store.File
	name   string
	before func(step, name string) error
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.before("write", f.name); err != nil {
		n, writeErr := f.File.Write(p[:len(p)/2])
		if writeErr != nil {
			return n, writeErr
		}
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	if err := f.before("sync", f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

// The reading steps of the embedded file system stay reachable for fs.WalkDir.
var (
	_ fs.ReadDirFS = Faulty{}
	_ fs.StatFS    = Faulty{}
)
